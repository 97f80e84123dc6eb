// Whether two images are one picture: resized, compressed again, or with another grey scale. Two frontal
// chests are much alike, so a hash alone does not tell; it finds who is looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace hilum::dataset {

inline constexpr int thumbnail_side = 32;

// thumbnail_side rows of as many intensities.
using Thumbnail = std::vector<std::uint8_t>;

// Of 9 x 8 areas of the image, row by row: whether each is darker than its right neighbour. Any rising grey
// scale leaves it as it is.
std::uint64_t difference_hash(const Thumbnail& thumbnail);

// Pearson's; 0 where one of them has a single intensity.
double correlation(const Thumbnail& first, const Thumbnail& second);

// Bits of the hash in which one picture may differ, and how much alike the thumbnails must then be. Measured
// on 722 radiographs of 522 patients (docs/training.md): of 259,889 pairs of two patients 10,326 are within 8
// bits, and the most alike of all correlate by 0.963; two exposures of one patient by 0.973. Copies at half
// the size, as JPEG of quality 30, or with a gamma of 0.7 or 1.4 differ in 3 bits at most and correlate by
// 0.988 or more; with 1 % cut off at each side in 5 and by 0.984. What 2 % are cut off of, or a word is
// burned into, is not found.
inline constexpr int most_differing_bits = 8;
inline constexpr double least_correlation = 0.98;

// All pairs of indices that are one picture, each the smaller first. Thumbnails that are empty are passed
// over.
std::vector<std::pair<std::size_t, std::size_t>> one_picture_twice(std::span<const Thumbnail> thumbnails);

}  // namespace hilum::dataset
