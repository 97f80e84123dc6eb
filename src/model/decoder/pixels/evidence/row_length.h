// Rows of native pixel data that are not as long as Columns says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/analysable.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// Rows and Columns are exchanged where pixels differ far more from those below than from their neighbours,
// and would not, were they. Code "undecodable": what else the header tells of rows and columns is as
// doubtful.
Analysable<void> check_row_length(const StoredPixels& pixels);

// Some pad each row to an even number of bytes, or to four: `pixels`, of which `bytes` or `words` have all of
// the pixel data, have as many bytes more, of one value at the end of each row, and neighbouring rows are
// more alike without them. The pixels alone, in `storage`, which is noted; else the first rows x columns of
// what is there.
StoredPixels without_row_padding(const StoredPixels& pixels, std::vector<std::uint16_t>& storage,
                                 ImageNotes& notes);

}  // namespace hilum::model
