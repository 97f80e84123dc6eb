#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

int PixelEncoding::value(std::uint32_t word) const {
    const std::uint32_t stored = (word >> (high_bit + 1 - bits_stored)) & ((1U << bits_stored) - 1);
    const bool negative = is_signed && (stored >> (bits_stored - 1)) != 0;
    return static_cast<int>(stored) - (negative ? 1 << bits_stored : 0);
}

int PixelEncoding::whole_value(std::uint32_t word) const {
    const bool negative = is_signed && (word >> (bits_allocated - 1)) != 0;
    return static_cast<int>(word) - (negative ? 1 << bits_allocated : 0);
}

namespace {

template <typename Word>
void map(std::span<const Word> in, std::span<const float> table, std::span<float> out) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = table[in[i]];
}

template <typename Word>
void count(std::span<const Word> in, std::vector<std::uint32_t>& counts) {
    for (const Word word : in) ++counts[word];
}

}  // namespace

std::uint16_t StoredPixels::word(int row, int column) const {
    const auto at =
        static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
    return encoding.bits_allocated == 8 ? bytes[at] : words[at];
}

void StoredPixels::map_row(int row, std::span<const float> table, std::span<float> out) const {
    const auto width = static_cast<std::size_t>(columns);
    const std::size_t begin = static_cast<std::size_t>(row) * width;
    if (encoding.bits_allocated == 8)
        map(bytes.subspan(begin, width), table, out);
    else
        map(words.subspan(begin, width), table, out);
}

std::vector<std::uint32_t> StoredPixels::word_counts() const {
    std::vector<std::uint32_t> counts(encoding.words(), 0);
    if (encoding.bits_allocated == 8)
        count(bytes, counts);
    else
        count(words, counts);
    return counts;
}

}  // namespace hilum::model
