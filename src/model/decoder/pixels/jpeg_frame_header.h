// The frame header of a JPEG or JPEG-LS bit stream, read before decoding: a decoder is only let loose on a
// stream whose size is that of the image around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

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

struct JpegOutline {
    std::size_t scans = 0;  // a decoder goes over the whole image for each, be it of a few bytes
    bool has_end = false;   // an end-of-image marker behind the first scan
};

// As far as the end-of-image marker. JPEG-LS has other rules for what follows a byte FF (ISO/IEC 14495-1
// A.1).
JpegOutline outline_jpeg(std::span<const std::uint8_t> stream, bool jpeg_ls = false);

// The stream, whose end-of-image marker is missing, with one in place of the zeros at its end but the first
// `zeros` (and of JPEG, one that makes FF a coded byte). A decoder that finds all samples before that marker
// has proved that none was cut off; zeros would pass for samples.
std::vector<std::uint8_t> ended_jpeg(std::span<const std::uint8_t> stream);
std::vector<std::uint8_t> ended_jpeg_ls(std::span<const std::uint8_t> stream, std::size_t zeros);

}  // namespace hilum::model
