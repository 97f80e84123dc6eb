// The grayscale transformations of an image (PS3.4 N.2, PS3.3 C.11) from stored values to [0,1], 0 black and
// 1 white, computed exactly and once for each possible value.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/decoder/input/lookup_table.h"
#include "model/decoder/pixels/stored_pixels.h"
#include "model/package/model_package.h"

namespace hilum::model {

enum class VoiLutFunction { linear, linear_exact, sigmoid };

// PS3.3 C.11.2.1.2 and C.11.2.1.3. Valid: width >= 1 for linear, > 0 for the others.
struct Window {
    double center = 0, width = 1;
    VoiLutFunction function = VoiLutFunction::linear;

    bool valid() const { return function == VoiLutFunction::linear ? width >= 1 : width > 0; }
    double apply(double value) const;  // in [0,1]
};

// Both included: stored values or, where Bits Stored cannot hold them, whole words.
struct PaddingRange {
    int lowest = 0, highest = 0;
    bool has(int value) const { return value >= lowest && value <= highest; }
};

// Of the modality values of an image's pixels.
struct ValueRange {
    double lowest = 0, highest = 0;
    bool falling = false;  // the lowest stored value has a higher one than the highest stored value
};

// What an image says of its own grayscale.
struct Grayscale {
    double slope = 1, intercept = 0;  // Rescale, where there is no Modality LUT
    std::optional<LookupTable> modality_lut;
    std::optional<LookupTable>
        voi_lut;                   // precedes the window: vendors send a window beside it for simple viewers
    std::optional<Window> window;  // the first of several; valid
    std::vector<Window> further_windows;  // valid ones behind it, in their order
    std::optional<PaddingRange> padding;
    bool inverted = false;  // low values are white

    double modality_value(int stored) const;
    // By the word's stored value, and by all of its bits where the padding lies beyond those stored and no
    // overlay there.
    bool is_padding(std::uint32_t word, const PixelEncoding& encoding) const;
    bool voi_lut_falls(
        const ValueRange& range) const;  // its entry for the lowest value is above that for the highest
};

// The range of the modality values of all pixels that are not padding. Empty when all are. `word_counts`:
// StoredPixels::word_counts().
std::optional<ValueRange> range_of(const std::vector<std::uint32_t>& word_counts,
                                   const PixelEncoding& encoding, const Grayscale& grayscale);

// Each word's intensity. `range` is range_of() the image. Padding is black.
//   minmax        from `range`, after the modality transformation
//   window        the image's VOI LUT or window; where it has none, minmax
//   stored_range  from the range that Bits Stored can hold, before the modality transformation, of which the
//                 direction alone counts
// Each is inverted as `grayscale` says.
std::vector<float> intensity_table(const PixelEncoding& encoding, const Grayscale& grayscale,
                                   Intensity intensity, const ValueRange& range);

}  // namespace hilum::model
