#include "cli/readers/png_writer.h"

#include <png.h>

#include <algorithm>
#include <vector>

namespace hilum::cli {
namespace {

Result<std::string> png_of(const void* pixels, int columns, int rows, png_uint_32 format) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(columns);
    image.height = static_cast<png_uint_32>(rows);
    image.format = format;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string bytes(size, '\0');
    if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, nullptr) == 0)
        return fail("drawing", "cannot write a PNG of {} x {} pixels: {}", columns, rows, image.message);
    bytes.resize(size);
    return bytes;
}

}  // namespace

Result<std::string> grey_png(std::span<const std::uint8_t> pixels, int columns, int rows) {
    return png_of(pixels.data(), columns, rows, PNG_FORMAT_GRAY);
}

Result<std::string> overlay_png(std::span<const std::uint32_t> pixels, int columns, int rows) {
    std::vector<std::uint8_t> rgba;
    rgba.reserve(pixels.size() * 4);
    for (const auto pixel : pixels) {
        const auto alpha = pixel >> 24;
        for (const int shift : {16, 8, 0}) {  // PNG's colours are not premultiplied
            const auto colour = pixel >> shift & 0xFF;
            rgba.push_back(static_cast<std::uint8_t>(
                alpha == 0 ? 0 : std::min(255U, (colour * 255 + alpha / 2) / alpha)));
        }
        rgba.push_back(static_cast<std::uint8_t>(alpha));
    }
    return png_of(rgba.data(), columns, rows, PNG_FORMAT_RGBA);
}

}  // namespace hilum::cli
