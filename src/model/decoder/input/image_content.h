// Whether an image shows anything at all.
#pragma once

#include <optional>

#include "model/decoder/input/grayscale.h"

namespace hilum::model {

// Codes: "blank" when all pixels have one value or are padding; "nearly_empty" when all but a few do, as on
// an exposure without a patient or a frame around nothing. `word_counts`: StoredPixels::word_counts().
std::optional<NotAnalysed> check_content(const std::vector<std::uint32_t>& word_counts,
                                         const PixelEncoding& encoding, const Grayscale& grayscale);

// `grayscale` without a VOI LUT or windows that show practically nothing of the image, as such of other units
// than its values do: where minmax shows more, one of 256 greys on all but a few pixels, or hardly any greys.
// They give way as such that cannot be read do, the VOI LUT to the window, that to the next and the last to
// the range of the pixels; each is noted. `range`: range_of() the image.
Grayscale with_visible_voi(Grayscale grayscale, const std::vector<std::uint32_t>& word_counts,
                           const PixelEncoding& encoding, const ValueRange& range, ImageNotes& notes);

// Code "blank" when all pixels get one intensity, though they differ: a Modality LUT that is beside the
// image's values. `table`: intensity_table(), with an entry for each of the counts at least.
std::optional<NotAnalysed> check_intensities(const std::vector<std::uint32_t>& word_counts,
                                             const std::vector<float>& table);

}  // namespace hilum::model
