// A picture that is as smooth as a radiograph, and what is none, for tests of what pixels tell.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::test {

using Words = std::vector<std::uint16_t>;

// The same ones at each call.
class Noise {
  public:
    int below(int end) {
        state_ = state_ * 1664525 + 1013904223;
        return static_cast<int>((state_ >> 16) % static_cast<std::uint32_t>(end));
    }

  private:
    std::uint32_t state_ = 1;
};

// Of 12 bits: hills and valleys between 110 and 3990, with a little noise.
inline Words soft_picture(int rows, int columns) {
    Noise noise;
    Words words;
    for (int y = 0; y < rows; ++y)
        for (int x = 0; x < columns; ++x)
            words.push_back(static_cast<std::uint16_t>(2040 + 1900 * std::sin(x / 13.0) * std::cos(y / 17.0) +
                                                       noise.below(30)));
    return words;
}

inline Words noise_picture(int rows, int columns, int end) {
    Noise noise;
    Words words(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    for (auto& word : words) word = static_cast<std::uint16_t>(noise.below(end));
    return words;
}

inline Words with_swapped_bytes(Words words) {
    for (auto& word : words) word = static_cast<std::uint16_t>(word << 8 | word >> 8);
    return words;
}

// 12 bits at the lower end of each word, unless that is changed; not owned.
inline model::StoredPixels pixels_of(const Words& words, int rows, int columns) {
    return {.rows = rows,
            .columns = columns,
            .encoding = {.bits_allocated = 16, .bits_stored = 12, .high_bit = 11, .is_signed = false},
            .bytes = {},
            .words = words};
}

}  // namespace hilum::test
