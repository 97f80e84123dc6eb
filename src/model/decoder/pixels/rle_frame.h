// RLE Lossless (PS3.5 annex G): the bytes of a frame's words, plane by plane, packed by runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hilum::model {

// The words of `frame`, pixel by pixel with all samples of a pixel together, `bytes_of_sample` (1 or 2) bytes
// of each. What a segment has beyond `pixels` is ignored. Nothing where the frame has other segments than one
// for each byte of a pixel, or one that unpacks to fewer than `pixels` bytes; what it unpacks to is known
// before memory is taken for it.
std::optional<std::vector<std::uint16_t>> unpack_rle_frame(std::span<const std::uint8_t> frame,
                                                           std::size_t samples_per_pixel,
                                                           std::size_t bytes_of_sample, std::size_t pixels);

}  // namespace hilum::model
