#include "model/decoder/pixels/evidence/smoothness.h"

#include <algorithm>

namespace hilum::model {
namespace {

constexpr std::size_t most_rows = 128, fewest_pixels = 1024;
constexpr double clearly = 2;

template <typename Word>
SampledRows sampled(std::span<const Word> words, std::size_t columns) {
    SampledRows sample{columns, {}};
    if (words.size() < fewest_pixels || columns < 2) return sample;
    const std::size_t rows = words.size() / columns;
    const std::size_t apart = (rows + most_rows - 1) / most_rows;
    for (std::size_t row = 0; row < rows; row += apart) {
        const auto one = words.subspan(row * columns, columns);
        sample.words.insert(sample.words.end(), one.begin(), one.end());
    }
    return sample;
}

}  // namespace

SampledRows sample_rows(std::span<const std::uint16_t> words, std::size_t columns) {
    return sampled(words, columns);
}

SampledRows sample_rows(const StoredPixels& pixels) {
    const auto columns = static_cast<std::size_t>(pixels.columns);
    return pixels.encoding.bits_allocated == 8 ? sampled(pixels.bytes, columns)
                                               : sampled(pixels.words, columns);
}

bool is_much_smoother(const Roughness& one, const Roughness& other) {
    return one.spread > 0 && other.spread > 0 && clearly * one.relative() < other.relative();
}

}  // namespace hilum::model
