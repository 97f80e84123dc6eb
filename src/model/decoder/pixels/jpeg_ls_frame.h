// One frame of JPEG-LS (ISO/IEC 14495-1) into samples, by CharLS. DCMTK's codec for JPEG-LS must not be
// linked: its own copy of an older CharLS has functions of the same names.
#pragma once

#include <cstdint>
#include <span>

#include "model/decoder/analysable.h"
#include "model/decoder/pixels/jpeg_frame_header.h"
#include "model/decoder/pixels/stored_range.h"

namespace hilum::model {

// `stream` ends with an end-of-image marker; `header` is its own, with a size that may be decoded. Codes:
// "undecodable", also where bits are missing or left over; "unsupported_compression". Throws std::bad_alloc.
Analysable<CodedFrame> decode_jpeg_ls_frame(std::span<const std::uint8_t> stream,
                                            const JpegFrameHeader& header);

}  // namespace hilum::model
