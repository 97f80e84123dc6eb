// How alike neighbouring pixels are, as one reading of them has it. Of several readings of a radiograph the
// right one is the smoothest by far; that tells where a header is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// Some rows of an image, evenly spaced, one after the other. None of an image that is too small to tell.
struct SampledRows {
    std::size_t columns = 0;
    std::vector<std::uint16_t> words;
};
SampledRows sample_rows(std::span<const std::uint16_t> words, std::size_t columns);
SampledRows sample_rows(const StoredPixels& pixels);

struct Roughness {
    double step = 0;    // mean difference of neighbours in a row
    double spread = 0;  // mean distance from the mean; 0 where there is nothing to see

    // Whatever the scale: 0.02 to 0.1 of radiographs, 1.3 of noise. Of a spread only.
    double relative() const { return step / spread; }
};

// Clear evidence for the one reading against the other: less than half as rough. None where either shows
// nothing.
bool is_much_smoother(const Roughness& one, const Roughness& other);

// Of `words` each read as the number that `reading` makes of it.
template <typename Reading>
Roughness roughness_of(const SampledRows& sample, Reading reading) {
    const auto size = static_cast<double>(sample.words.size());
    if (sample.words.empty()) return {};
    std::int64_t sum = 0, steps = 0, distances = 0;
    for (const auto word : sample.words) sum += reading(word);
    constexpr int parts = 256;  // of a grey: pictures may have but a few
    const int mean = static_cast<int>(sum * parts / static_cast<std::int64_t>(sample.words.size()));
    for (std::size_t begin = 0; begin < sample.words.size(); begin += sample.columns) {
        const auto row = std::span(sample.words).subspan(begin, sample.columns);
        int before = reading(row.front());
        for (const auto word : row) {
            const int value = reading(word);
            distances += std::abs(value * parts - mean);
            steps += std::abs(value - before);
            before = value;
        }
    }
    return {static_cast<double>(steps) / size, static_cast<double>(distances) / parts / size};
}

}  // namespace hilum::model
