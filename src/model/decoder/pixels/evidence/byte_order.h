// Words of pixel data whose byte order nothing tells, or the header tells wrongly.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

enum class ByteOrder { told, untold };

// The image's words, as they are or, in `storage`, with their bytes swapped: in the order that makes
// neighbours more alike, which is noted. In the wrong one the noise of the lower bits lies in the upper ones,
// which no radiograph looks like. An order that is told stands unless the other is clearly the right one.
std::span<const std::uint16_t> in_smoother_byte_order(const StoredPixels& pixels, ByteOrder order,
                                                      std::vector<std::uint16_t>& storage, ImageNotes& notes);

}  // namespace hilum::model
