// Words of pixel data whose byte order nothing tells.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// The image's words, as they are or, in `storage`, with their bytes swapped: in the order that makes
// neighbours more alike. In the wrong one the noise of the lower bits lies in the upper ones, which no
// radiograph looks like. Notes which it was.
std::span<const std::uint16_t> in_smoother_byte_order(const StoredPixels& pixels,
                                                      std::vector<std::uint16_t>& storage, ImageNotes& notes);

}  // namespace hilum::model
