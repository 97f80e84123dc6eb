// The length that an RLE frame unpacks to, before it is unpacked: DCMTK fills what is missing with black.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hilum::model {

// Whether `frame` (PS3.5 annex G) has `segments` segments that each unpack to at least `pixels` bytes.
bool rle_frame_is_complete(std::span<const std::uint8_t> frame, std::size_t segments, std::size_t pixels);

}  // namespace hilum::model
