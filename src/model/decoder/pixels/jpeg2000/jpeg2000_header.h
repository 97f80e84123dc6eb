// The headers of a JPEG 2000 codestream (ISO/IEC 15444-1 annex A), read before decoding: a decoder is only
// let loose on a stream that is whole, of the size that is expected, and whose tiles, packets and code-blocks
// are of a number that real images have. So its memory and its time are bounded, whatever the stream
// declares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace hilum::model {

struct Jpeg2000Header {
    int rows = 0, columns = 0;
    int components = 0;           // at most 3, none of them subsampled
    int precision = 0;            // bits of a sample, 1 to 16, the same in all components
    bool is_signed = false;       // the same in all components
    bool reversible = true;       // by every coding style: what was encoded comes out, but for what was cut
    std::size_t end = 0;          // bytes of the codestream, without padding or comments behind its tiles
    bool has_end_marker = false;  // which is the last of them; some devices leave it out
};

// Whether a codestream, or a JP2 file with one, begins here.
bool begins_jpeg2000_stream(std::span<const std::uint8_t> bytes);

// The codestream within a JP2 file (annex I), which DICOM forbids and some devices send; `bytes` itself when
// it is no JP2 file. Code "malformed".
Result<std::span<const std::uint8_t>> find_jpeg2000_codestream(std::span<const std::uint8_t> bytes);

// Codes: "malformed"; "truncated" (a tile or the end is missing); "components" (more than 3, subsampled, or
// not alike); "precision" (more than 16 bits); "too_complex" (too many tiles, packets, code-blocks, or coding
// styles); "unsupported" (of another part of the standard than the first, as high-throughput block coding
// is). Messages continue "its compressed data ..." in lower case.
Result<Jpeg2000Header> read_jpeg2000_header(std::span<const std::uint8_t> codestream);

}  // namespace hilum::model
