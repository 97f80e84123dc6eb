// The frame header of a JPEG or JPEG-LS bit stream, read before decoding: a decoder is only let loose on a
// stream whose size is that of the image around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hilum::model {

struct JpegFrameHeader {
    int marker = 0;     // the second byte, which tells the process: 0xC0 for baseline, 0xF7 for JPEG-LS
    int precision = 0;  // bits of a sample
    int rows = 0, columns = 0;
    int components = 0;
};

// The first start-of-frame segment (ISO/IEC 10918-1 B.2.2; 14495-1 C.2.2 has the same); empty when there is
// none before the first scan.
std::optional<JpegFrameHeader> find_jpeg_frame_header(std::span<const std::uint8_t> stream);

// How many scans the stream has. A decoder goes over the whole image for each, be it of a few bytes.
std::size_t count_jpeg_scans(std::span<const std::uint8_t> stream);

}  // namespace hilum::model
