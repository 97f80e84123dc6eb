#include "model/decoder/pixels/grey_png.h"

#include <png.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csetjmp>
#include <cstring>
#include <string>

#include "base/file_system.h"

namespace hilum::model {
namespace {

constexpr std::size_t png_signature_bytes = 8;
constexpr std::size_t largest_file = 256 << 20;  // bytes

// What libpng's callbacks work on.
struct Reading {
    const std::string* file = nullptr;
    std::size_t position = 0;
    std::string error;
};

void read_bytes(png_structp png, png_bytep to, png_size_t count) {
    auto& reading = *static_cast<Reading*>(png_get_io_ptr(png));
    if (count > reading.file->size() - reading.position) png_error(png, "it is cut off");
    std::memcpy(to, reading.file->data() + reading.position, count);
    reading.position += count;
}

[[noreturn]] void keep_error(png_structp png, png_const_charp message) {
    static_cast<Reading*>(png_get_error_ptr(png))->error = message;
    std::longjmp(png_jmpbuf(png), 1);
}

void ignore_warning(png_structp, png_const_charp) {}

struct PngReader {
    explicit PngReader(Reading& reading)
        : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, keep_error, ignore_warning)),
          info(png_create_info_struct(png)) {
        png_set_read_fn(png, &reading, read_bytes);
    }
    PngReader(const PngReader&) = delete;
    ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
    png_structp png;
    png_infop info;
};

// libpng reports errors by longjmp, which destroys no object: so these two have none of their own.
bool read_header(PngReader& reader) {
    if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
    png_read_info(reader.png, reader.info);
    if (std::endian::native == std::endian::little)
        png_set_swap(reader.png);  // 16 bits are big-endian in the file
    png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
    return true;
}

bool read_rows(PngReader& reader, png_bytepp rows) {
    if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
    png_read_image(reader.png, rows);
    png_read_end(reader.png, nullptr);
    return true;
}

template <typename Word>
bool read_pixels(PngReader& reader, std::vector<Word>& into, int rows, int columns) {
    into.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    std::vector<png_bytep> starts;
    starts.reserve(static_cast<std::size_t>(rows));
    for (int row = 0; row < rows; ++row)
        starts.push_back(reinterpret_cast<png_bytep>(into.data() + static_cast<std::size_t>(row) *
                                                                       static_cast<std::size_t>(columns)));
    return read_rows(reader, starts.data());
}

}  // namespace

Result<bool> is_png(int fd) {
    png_byte first[png_signature_bytes];
    const ssize_t size = ::pread(fd, first, sizeof first, 0);
    if (size < 0) return tl::unexpected(hilum::unreadable(errno, "cannot read the image"));
    return size == static_cast<ssize_t>(sizeof first) && png_sig_cmp(first, 0, sizeof first) == 0;
}

Result<GreyPng> read_grey_png(int fd, std::uint64_t max_pixels) {
    const auto file = read_fd(fd, largest_file);
    if (!file) return tl::unexpected(Error{"unreadable", file.error().message, file.error().retry});
    Reading reading{&*file, 0, {}};
    PngReader reader(reading);
    if (!read_header(reader)) return fail("png", "the PNG cannot be read: {}", reading.error);
    const std::uint64_t rows = png_get_image_height(reader.png, reader.info);
    const std::uint64_t columns = png_get_image_width(reader.png, reader.info);
    const int bits = png_get_bit_depth(reader.png, reader.info);
    if (png_get_color_type(reader.png, reader.info) != PNG_COLOR_TYPE_GRAY || (bits != 8 && bits != 16))
        return fail("png", "the PNG is not of 8 or 16 bits of grey");
    if (rows * columns > max_pixels)  // each below 2^31
        return fail("png", "the PNG has {} x {} pixels, more than may be decoded here", columns, rows);
    GreyPng image;
    image.pixels.rows = static_cast<int>(rows);
    image.pixels.columns = static_cast<int>(columns);
    image.pixels.encoding = {bits, bits, bits - 1, false};
    const bool whole = bits == 8 ? read_pixels(reader, image.bytes, image.pixels.rows, image.pixels.columns)
                                 : read_pixels(reader, image.words, image.pixels.rows, image.pixels.columns);
    if (!whole) return fail("png", "the PNG cannot be read: {}", reading.error);
    image.pixels.bytes = image.bytes;
    image.pixels.words = image.words;
    return image;
}

}  // namespace hilum::model
