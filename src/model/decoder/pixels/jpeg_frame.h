// One grey frame of JPEG (ISO/IEC 10918-1: baseline, extended, lossless) into samples, by DCMTK's copies of
// the IJG library, and never with grey in place of samples that are not there.
#pragma once

#include <cstdint>
#include <vector>

#include "model/decoder/analysable.h"
#include "model/decoder/pixels/jpeg_frame_header.h"
#include "model/decoder/pixels/stored_range.h"

namespace hilum::model {

// `stream` begins with its start-of-image marker and ends with an end-of-image marker; `header` is its own,
// with one component and a size that may be decoded. Differences of a lossless frame that were encoded modulo
// 2^16 are reduced to its precision (H.1.2.1). A 16 bit frame whose largest difference overflowed its Huffman
// table, as the library of Cornell University wrote it, is read. Code "undecodable". Throws std::bad_alloc.
Analysable<CodedFrame> decode_jpeg_frame(std::vector<std::uint8_t>& stream, const JpegFrameHeader& header);

}  // namespace hilum::model
