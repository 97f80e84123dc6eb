#include "model/decoder/pixels/jpeg_frame_header.h"

#include <algorithm>

namespace hilum::model {
namespace {

constexpr int start_of_scan = 0xDA, end_of_image = 0xD9;

bool starts_frame(int marker) {
    const bool is_sof = marker >= 0xC0 && marker <= 0xCF;
    const bool other_table = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;  // DHT, JPG, DAC
    return (is_sof && !other_table) || marker == 0xF7;                            // SOF55: JPEG-LS
}

bool stands_alone(int marker) {
    return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

std::size_t size_without_zeros(std::span<const std::uint8_t> stream) {
    std::size_t size = stream.size();
    while (size > 0 && stream[size - 1] == 0) --size;
    return size;
}

std::vector<std::uint8_t> ended(std::span<const std::uint8_t> stream, std::size_t size) {
    const auto kept = stream.first(std::min(size, stream.size()));
    std::vector<std::uint8_t> bytes(kept.begin(), kept.end());
    bytes.insert(bytes.end(), {0xFF, end_of_image});
    return bytes;
}

}  // namespace

std::optional<JpegFrameHeader> find_jpeg_frame_header(std::span<const std::uint8_t> stream) {
    const auto word = [&](std::size_t i) { return stream[i] << 8 | stream[i + 1]; };
    std::size_t i = 0;
    while (i + 4 <= stream.size()) {
        if (stream[i] != 0xFF) return {};
        const int marker = stream[i + 1];
        if (marker == 0xFF) {  // fill
            ++i;
        } else if (stands_alone(marker)) {
            i += 2;
        } else if (marker == start_of_scan) {
            return {};
        } else if (!starts_frame(marker)) {
            i += 2 + static_cast<std::size_t>(word(i + 2));
        } else {
            if (i + 10 > stream.size()) return {};
            return JpegFrameHeader{marker, stream[i + 4], word(i + 5), word(i + 7), stream[i + 9]};
        }
    }
    return {};
}

JpegOutline outline_jpeg(std::span<const std::uint8_t> stream, bool jpeg_ls) {
    JpegOutline outline;
    std::size_t i = 0;
    while (i + 2 <= stream.size()) {
        const int marker = stream[i + 1];
        const bool is_sample = marker == 0 || (jpeg_ls && outline.scans > 0 && marker < 0x80);
        if (stream[i] != 0xFF || marker == 0xFF) {  // coded samples, fill
            ++i;
        } else if (is_sample || stands_alone(marker)) {
            i += 2;
        } else if (marker == end_of_image) {
            outline.has_end = outline.scans > 0;
            break;
        } else if (i + 4 > stream.size()) {
            break;
        } else {
            outline.scans += marker == start_of_scan ? 1 : 0;
            i += 2 + static_cast<std::size_t>(stream[i + 2] << 8 | stream[i + 3]);
        }
    }
    return outline;
}

std::vector<std::uint8_t> ended_jpeg(std::span<const std::uint8_t> stream) {
    const std::size_t size = size_without_zeros(stream);
    return ended(stream, size > 0 && stream[size - 1] == 0xFF ? size + 1 : size);
}

std::vector<std::uint8_t> ended_jpeg_ls(std::span<const std::uint8_t> stream, std::size_t zeros) {
    return ended(stream, size_without_zeros(stream) + zeros);
}

}  // namespace hilum::model
