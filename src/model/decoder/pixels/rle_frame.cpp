#include "model/decoder/pixels/rle_frame.h"

#include <algorithm>

namespace hilum::model {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t header_bytes = 64;
constexpr std::size_t most_segments = 15;

std::size_t number_at(Bytes frame, std::size_t index) {  // 32 bits, little endian
    const auto word = frame.subspan(4 * index, 4);
    return word[0] | std::size_t{word[1]} << 8 | std::size_t{word[2]} << 16 | std::size_t{word[3]} << 24;
}

std::optional<std::vector<Bytes>> segments_of(Bytes frame, std::size_t count) {
    if (count > most_segments || frame.size() < header_bytes || number_at(frame, 0) != count) return {};
    std::vector<Bytes> segments;
    for (std::size_t i = 1; i <= count; ++i) {
        const std::size_t begin = number_at(frame, i);
        const std::size_t end = i < count ? number_at(frame, i + 1) : frame.size();
        if (begin < header_bytes || begin > end || end > frame.size()) return {};
        segments.push_back(frame.subspan(begin, end - begin));
    }
    return segments;
}

// Gives each run of the segment as (how often, the bytes of it: one that is repeated, or as many), until
// `pixels` bytes are there; returns how many there are.
template <typename Sink>
std::size_t unpack(Bytes segment, std::size_t pixels, Sink sink) {
    std::size_t length = 0;
    std::size_t i = 0;
    while (i < segment.size() && length < pixels) {
        const std::size_t control = segment[i++];
        if (control == 128) continue;  // no operation
        const bool literal = control < 128;
        const std::size_t count = std::min(literal ? control + 1 : 257 - control, pixels - length);
        const std::size_t stored = literal ? control + 1 : 1;
        // What a literal run lacks behind the last pixel is not missed.
        if (segment.size() - i < (literal ? count : 1)) break;
        sink(count, segment.subspan(i, literal ? count : 1));
        length += count;
        i += std::min(stored, segment.size() - i);
    }
    return length;
}

}  // namespace

std::optional<std::vector<std::uint16_t>> unpack_rle_frame(Bytes frame, std::size_t samples_per_pixel,
                                                           std::size_t bytes_of_sample, std::size_t pixels) {
    const auto segments = segments_of(frame, samples_per_pixel * bytes_of_sample);
    if (!segments) return {};
    for (const Bytes segment : *segments)
        if (unpack(segment, pixels, [](std::size_t, Bytes) {}) < pixels) return {};
    std::vector<std::uint16_t> words(pixels * samples_per_pixel, 0);
    for (std::size_t s = 0; s < segments->size(); ++s) {
        // All bytes of a sample, the most significant one first, before those of the next.
        const unsigned shift = bytes_of_sample == 2 && s % 2 == 0 ? 8 : 0;
        std::size_t at = s / bytes_of_sample;
        unpack((*segments)[s], pixels, [&](std::size_t count, Bytes run) {
            for (std::size_t i = 0; i < count; ++i, at += samples_per_pixel)
                words[at] = static_cast<std::uint16_t>(words[at] | run[run.size() == 1 ? 0 : i] << shift);
        });
    }
    return words;
}

}  // namespace hilum::model
