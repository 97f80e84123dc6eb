// Pictures as PNG (ISO/IEC 15948), with nothing in them but pixels: no date, no text, no name.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"

namespace hilum::cli {

// rows * columns bytes, 0 black. Code "drawing" where libpng refuses.
Result<std::string> grey_png(std::span<const std::uint8_t> pixels, int columns, int rows);

// Of pixels as results/activation has them: alpha, red, green, blue from the high byte on, premultiplied. The
// same code.
Result<std::string> overlay_png(std::span<const std::uint32_t> pixels, int columns, int rows);

}  // namespace hilum::cli
