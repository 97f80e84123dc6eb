// Grey PNG files as images of a model package's golden cases: the pixels as they are stored, whatever gamma
// or transparency the file claims.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

struct GreyPng {
    StoredPixels pixels;  // in `bytes` or `words`; all 8 or 16 bits stored, unsigned
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint16_t> words;
};

// Whether the file begins as a PNG does. `fd` stays the caller's. Code "unreadable".
Result<bool> is_png(int fd);

// Codes: "unreadable"; "png" where it is no PNG of 8 or 16 bits of grey alone, is damaged, or has more than
// `max_pixels`.
Result<GreyPng> read_grey_png(int fd, std::uint64_t max_pixels);

}  // namespace hilum::model
