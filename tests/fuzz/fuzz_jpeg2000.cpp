// A JPEG 2000 codestream or JP2 file through our checks and OpenJPEG, as an image of the size that it
// declares: whatever passes the checks must be decoded, or fail, in time and without harm.
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/decoder/pixels/jpeg2000/jpeg2000_stream.h"

namespace {

using namespace hilum::model;

constexpr int most_pixels = 1'000'000;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    const auto codestream = find_jpeg2000_codestream(bytes);
    if (!codestream) return 0;
    const auto header = read_jpeg2000_header(*codestream);
    if (!header || header->rows > most_pixels / header->columns) return 0;
    const auto image = decode_jpeg2000(
        bytes, {.rows = header->rows, .columns = header->columns, .components = header->components});
    if (image && image->samples.size() != static_cast<std::size_t>(header->rows) *
                                              static_cast<std::size_t>(header->columns) *
                                              static_cast<std::size_t>(header->components))
        __builtin_trap();
    return 0;
}
