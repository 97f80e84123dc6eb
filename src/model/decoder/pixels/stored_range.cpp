#include "model/decoder/pixels/stored_range.h"

#include <algorithm>

namespace hilum::model {
namespace {

int extended(int bits, int count) {  // two's complement of `count` bits
    return bits >= 1 << (count - 1) ? bits - (1 << count) : bits;
}

}  // namespace

SampleReading::SampleReading(const CodedRange& coded, const PixelEncoding& encoding)
    : coded_{coded}, bits_stored_{encoding.bits_stored}, is_signed_{encoding.is_signed} {}

int SampleReading::value(std::uint16_t sample) const {
    const int bits = sample & ((1 << coded_.precision) - 1);
    if (!is_signed_) return bits;
    if (coded_.is_signed) return static_cast<std::int16_t>(sample);
    // Some encode the stored bits of negative values alone, in words that have room for more.
    const bool has_room = coded_.lossless && coded_.precision > bits_stored_;
    if (has_room && bits >> bits_stored_ == 0) return extended(bits, bits_stored_);
    return extended(bits, coded_.precision);
}

FittedSamples fit_samples(std::span<std::uint16_t> samples, const CodedRange& coded,
                          const PixelEncoding& encoding) {
    FittedSamples fitted{encoding, 0};
    fitted.encoding.bits_allocated = 16;
    if (encoding.high_bit >= encoding.bits_stored && coded.precision > encoding.bits_stored) return fitted;
    fitted.encoding.high_bit = encoding.bits_stored - 1;
    const SampleReading reading(coded, encoding);
    const int lowest = encoding.lowest(), highest = encoding.highest();
    for (auto& sample : samples) {
        const int value = reading.value(sample);
        const int held = std::clamp(value, lowest, highest);
        if (held != value) ++fitted.clamped;
        sample = static_cast<std::uint16_t>(held);
    }
    return fitted;
}

}  // namespace hilum::model
