// The uncompressed pixels of one frame, as they are stored: no DCMTK, no grayscale transformation yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace hilum::model {

// How a stored value lies in a word of Pixel Data (PS3.5 8.1.1). 1 <= bits_stored <= bits_allocated,
// bits_stored - 1 <= high_bit < bits_allocated.
struct PixelEncoding {
    int bits_allocated = 16;  // 8 or 16
    int bits_stored = 16;
    int high_bit = 15;
    bool is_signed = false;    // Pixel Representation: two's complement
    bool has_overlay = false;  // in bits that are not stored, by the header's word

    // The value in `word`; bits outside of those stored are ignored.
    int value(std::uint32_t word) const;
    // The number that all of the word's bits are, with its sign.
    int whole_value(std::uint32_t word) const;
    int lowest() const { return is_signed ? -(1 << (bits_stored - 1)) : 0; }
    int highest() const { return lowest() + (1 << bits_stored) - 1; }
    std::size_t words() const {
        return std::size_t{1} << bits_allocated;
    }  // how many different ones there are
};

// Rows x columns words, row by row, in `bytes` or in `words` as bits_allocated says; not owned.
struct StoredPixels {
    int rows = 0, columns = 0;
    PixelEncoding encoding;
    std::span<const std::uint8_t> bytes;
    std::span<const std::uint16_t> words;

    std::uint16_t word(int row, int column) const;

    // Writes table[word] of each pixel of the row; `table` has encoding.words() entries, `out` columns.
    void map_row(int row, std::span<const float> table, std::span<float> out) const;

    // How often each word occurs: encoding.words() entries.
    std::vector<std::uint32_t> word_counts() const;
};

// How much neighbouring words differ, each read as the number that `reading` makes of it, all together: of
// several ways to read a radiograph the right one makes it smoothest.
template <typename Word, typename Reading>
std::uint64_t roughness(std::span<const Word> words, Reading reading) {
    std::uint64_t sum = 0;
    for (std::size_t i = 1; i < words.size(); ++i)
        sum += static_cast<std::uint64_t>(std::abs(reading(words[i]) - reading(words[i - 1])));
    return sum;
}

}  // namespace hilum::model
