// Words of native and RLE pixels, which are as a device wrote them, against what the header says of them.
#pragma once

#include <cstdint>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/analysable.h"
#include "model/decoder/pixels/evidence/byte_order.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// The grey pixels as they are or, in `storage`, where they may lie already, mended: with bytes in the other
// order, and within Bits Stored (upper_bits.h). `encoding` has High Bit and sign as they are. What is mended
// is noted, on clear evidence alone: else the header is believed. Code "undecodable": Rows and Columns are
// exchanged, or most samples need more bits than are stored.
Analysable<StoredPixels> mended_words(StoredPixels pixels, ByteOrder order,
                                      std::vector<std::uint16_t>& storage, ImageNotes& notes);

}  // namespace hilum::model
