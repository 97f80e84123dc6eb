#include "model/decoder/pixels/stored_range.h"

namespace hilum::model {
namespace {

int extended(int bits, int count) {  // two's complement of `count` bits
    return bits >= 1 << (count - 1) ? bits - (1 << count) : bits;
}

class Fitting {
  public:
    Fitting(const CodedRange& coded, const PixelEncoding& encoding)
        : coded_{coded},
          encoding_{encoding},
          mask_{(1 << coded.precision) - 1},
          lowest_{encoding.lowest()},
          highest_{encoding.highest()} {}

    int value(std::uint16_t sample) const {
        const int bits = sample & mask_;
        if (!encoding_.is_signed) return bits;
        if (coded_.is_signed) return static_cast<std::int16_t>(sample);
        // Some encode the stored bits of negative values alone, in words that have room for more.
        const bool has_room = coded_.lossless && coded_.precision > encoding_.bits_stored;
        if (has_room && bits >> encoding_.bits_stored == 0) return extended(bits, encoding_.bits_stored);
        return extended(bits, coded_.precision);
    }

    // Whether the value was within the range.
    bool clamp(int& value) const {
        if (value >= lowest_ && value <= highest_) return true;
        value = value < lowest_ ? lowest_ : highest_;
        return false;
    }

  private:
    CodedRange coded_;
    PixelEncoding encoding_;
    int mask_, lowest_, highest_;
};

}  // namespace

FittedSamples fit_samples(std::span<std::uint16_t> samples, const CodedRange& coded,
                          const PixelEncoding& encoding) {
    FittedSamples fitted{encoding, 0};
    fitted.encoding.bits_allocated = 16;
    if (encoding.high_bit >= encoding.bits_stored && coded.precision > encoding.bits_stored) return fitted;
    fitted.encoding.high_bit = encoding.bits_stored - 1;
    const Fitting fitting(coded, encoding);
    for (auto& sample : samples) {
        int value = fitting.value(sample);
        if (!fitting.clamp(value)) ++fitted.clamped;
        sample = static_cast<std::uint16_t>(value);
    }
    return fitted;
}

}  // namespace hilum::model
