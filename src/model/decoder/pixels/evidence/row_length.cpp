#include "model/decoder/pixels/evidence/row_length.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace hilum::model {
namespace {

constexpr std::size_t most_pairs = 250'000, fewest_pixels_for_rows = 1024, fewest_padded_rows = 16;
constexpr std::size_t most_padding = 3;  // bytes, of rows that are padded to four
constexpr double far_more = 4, about_as_much = 2;

// Mean difference of pixels that lie so far apart in the pixel data.
template <typename Word>
double difference_at(std::span<const Word> words, std::size_t distance, const PixelEncoding& encoding) {
    if (distance >= words.size()) return 0;
    const std::size_t pairs = words.size() - distance;
    const std::size_t apart = pairs / most_pairs + 1;
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < pairs; i += apart, ++count)
        sum += std::abs(encoding.value(words[i]) - encoding.value(words[i + distance]));
    return sum / static_cast<double>(count);
}

template <typename Word>
bool are_exchanged(std::span<const Word> words, const StoredPixels& pixels) {
    const auto rows = static_cast<std::size_t>(pixels.rows),
               columns = static_cast<std::size_t>(pixels.columns);
    // Of a narrow strip most pixels that are as far apart as it is wide lie in one row, whichever way.
    const bool is_a_strip = 2 * std::min(rows, columns) < std::max(rows, columns);
    if (rows == columns || is_a_strip || words.size() < fewest_pixels_for_rows) return false;
    const double beside = difference_at(words, 1, pixels.encoding),
                 below = difference_at(words, columns, pixels.encoding),
                 if_exchanged = difference_at(words, rows, pixels.encoding);
    return if_exchanged > 0 && below > far_more * if_exchanged && if_exchanged < about_as_much * beside;
}

// Words of padding at the end of each row; none where it does not look so.
template <typename Word>
std::size_t row_padding(std::span<const Word> words, const StoredPixels& pixels) {
    const auto rows = static_cast<std::size_t>(pixels.rows),
               columns = static_cast<std::size_t>(pixels.columns);
    const std::size_t surplus = words.size() - rows * columns;
    const std::size_t padding = surplus / rows, length = columns + padding;
    // The data may have a byte more that makes it even.
    const bool fits =
        surplus % rows == 0 || (sizeof(Word) == 1 && surplus % rows == 1 && words.size() % 2 == 0);
    if (padding == 0 || padding * sizeof(Word) > most_padding || !fits || rows < fewest_padded_rows) return 0;
    const Word value = words[columns];
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t i = columns; i < length; ++i)
            if (words[row * length + i] != value) return 0;
    const auto padded = words.first(rows * length), unpadded = words.first(rows * columns);
    const double with = difference_at(padded, length, pixels.encoding);
    return with < difference_at(unpadded, columns, pixels.encoding) ? padding : 0;
}

template <typename Word>
std::vector<std::uint16_t> rows_alone(std::span<const Word> words, std::size_t rows, std::size_t columns,
                                      std::size_t padding) {
    std::vector<std::uint16_t> all;
    all.reserve(rows * columns);
    for (std::size_t row = 0; row < rows; ++row) {
        const auto one = words.subspan(row * (columns + padding), columns);
        all.insert(all.end(), one.begin(), one.end());
    }
    return all;
}

template <typename Word>
StoredPixels without_padding_of(std::span<const Word> words, StoredPixels pixels,
                                std::vector<std::uint16_t>& storage, ImageNotes& notes) {
    const auto rows = static_cast<std::size_t>(pixels.rows),
               columns = static_cast<std::size_t>(pixels.columns);
    const std::size_t padding = row_padding(words, pixels);
    if (padding == 0) {
        if constexpr (sizeof(Word) == 1) pixels.bytes = words.first(rows * columns);
        if constexpr (sizeof(Word) == 2) pixels.words = words.first(rows * columns);
        return pixels;
    }
    add_note(notes, "pixel_data_length",
             fmt::format("Each row of the pixel data ends with {} bytes of padding, which were left out.",
                         padding * sizeof(Word)));
    storage = rows_alone(words, rows, columns, padding);
    pixels.encoding.bits_allocated = 16;  // whatever they were
    pixels.bytes = {};
    pixels.words = storage;
    return pixels;
}

}  // namespace

Analysable<void> check_row_length(const StoredPixels& pixels) {
    const bool exchanged = pixels.encoding.bits_allocated == 8 ? are_exchanged(pixels.bytes, pixels)
                                                               : are_exchanged(pixels.words, pixels);
    if (exchanged) return undecodable("its Rows and Columns are exchanged, as its pixels tell");
    return {};
}

StoredPixels without_row_padding(const StoredPixels& pixels, std::vector<std::uint16_t>& storage,
                                 ImageNotes& notes) {
    return pixels.encoding.bits_allocated == 8 ? without_padding_of(pixels.bytes, pixels, storage, notes)
                                               : without_padding_of(pixels.words, pixels, storage, notes);
}

}  // namespace hilum::model
