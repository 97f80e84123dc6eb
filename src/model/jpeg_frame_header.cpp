#include "model/jpeg_frame_header.h"

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

std::size_t count_jpeg_scans(std::span<const std::uint8_t> stream) {
    std::size_t scans = 0, i = 0;
    while (i + 4 <= stream.size()) {
        const int marker = stream[i + 1];
        if (stream[i] != 0xFF || marker == 0xFF) {  // coded samples, fill
            ++i;
        } else if (marker == 0 || stands_alone(marker)) {
            i += 2;
        } else if (marker == end_of_image) {
            break;
        } else {
            scans += marker == start_of_scan ? 1 : 0;
            i += 2 + static_cast<std::size_t>(stream[i + 2] << 8 | stream[i + 3]);
        }
    }
    return scans;
}

}  // namespace hilum::model
