// One JPEG 2000 codestream into samples, by OpenJPEG, in this thread alone. Knows nothing of DICOM.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/decoder/pixels/jpeg2000/jpeg2000_header.h"

namespace hilum::model {

// What the image around the codestream says of it.
struct Jpeg2000Expectation {
    int rows = 0, columns = 0;
    int components = 0;
    int most_bits = 16;  // of a sample
};

struct Jpeg2000Image {
    Jpeg2000Header header;
    // rows * columns * components, pixel by pixel: 16 bits of each value, two's complement where it is
    // signed.
    std::vector<std::uint16_t> samples;
};

// Decodes `bytes`, a codestream or a JP2 file with one, perhaps with padding behind it, after checking its
// header. Partial streams are errors. A multiple component transformation (RGB coded as YBR_RCT or YBR_ICT)
// is undone. Codes: those of read_jpeg2000_header(), "wrong_size", "components" and "precision" when it is
// not as expected, "out_of_memory". Messages continue "its compressed data ..." in lower case. Throws
// std::bad_alloc.
Result<Jpeg2000Image> decode_jpeg2000(std::span<const std::uint8_t> bytes,
                                      const Jpeg2000Expectation& expected);

}  // namespace hilum::model
