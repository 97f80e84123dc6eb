#include "model/rle_frame.h"

namespace hilum::model {
namespace {

constexpr std::size_t header_bytes = 64;
constexpr std::size_t most_segments = 15;

std::size_t number_at(std::span<const std::uint8_t> frame, std::size_t index) {  // 32 bits, little endian
    const auto word = frame.subspan(4 * index, 4);
    return word[0] | std::size_t{word[1]} << 8 | std::size_t{word[2]} << 16 | std::size_t{word[3]} << 24;
}

std::size_t unpacked_length(std::span<const std::uint8_t> segment) {
    std::size_t length = 0;
    std::size_t i = 0;
    while (i < segment.size()) {
        const std::size_t control = segment[i];
        if (control == 128) {  // no operation
            i += 1;
        } else if (control < 128) {  // so many + 1 bytes follow
            if (i + 1 + control >= segment.size()) return length;
            length += control + 1;
            i += control + 2;
        } else {  // the next byte so often
            if (i + 1 >= segment.size()) return length;
            length += 257 - control;
            i += 2;
        }
    }
    return length;
}

}  // namespace

bool rle_frame_is_complete(std::span<const std::uint8_t> frame, std::size_t segments, std::size_t pixels) {
    if (segments > most_segments || frame.size() < header_bytes || number_at(frame, 0) != segments)
        return false;
    for (std::size_t i = 1; i <= segments; ++i) {
        const std::size_t begin = number_at(frame, i);
        const std::size_t end = i < segments ? number_at(frame, i + 1) : frame.size();
        if (begin < header_bytes || begin > end || end > frame.size()) return false;
        if (unpacked_length(frame.subspan(begin, end - begin)) < pixels) return false;
    }
    return true;
}

}  // namespace hilum::model
