// What a codec gives, as the stored values that the image's header speaks of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// The samples of a compressed frame.
struct CodedRange {
    int precision = 16;      // bits of a sample, 1 to 16
    bool is_signed = false;  // the samples are two's complement in 16 bits; else the bits of `precision`
    bool lossless = true;    // what was encoded comes out
};

// A frame as its codec gives it, row by row and pixel by pixel.
struct CodedFrame {
    std::vector<std::uint16_t> samples;
    CodedRange range;
};

// The number that a sample is, be it within what Bits Stored can hold or not. Signs are as Pixel
// Representation (0028,0103) says, whatever the codestream says.
class SampleReading {
  public:
    SampleReading(const CodedRange& coded, const PixelEncoding& encoding);
    int value(std::uint16_t sample) const;

  private:
    CodedRange coded_;
    int bits_stored_;
    bool is_signed_;
};

struct FittedSamples {
    PixelEncoding encoding;   // of the words that the samples became
    std::size_t clamped = 0;  // samples that lay beyond what Bits Stored can hold
};

// Turns samples in place into words of `encoding`, right-justified. What lies beyond the stored range, as a
// lossy codec's overshoot at white edges does, becomes its nearest end, never another grey. Where High Bit
// says that the stored bits lie at the upper end of words that were encoded whole, words stay as they are.
FittedSamples fit_samples(std::span<std::uint16_t> samples, const CodedRange& coded,
                          const PixelEncoding& encoding);

}  // namespace hilum::model
