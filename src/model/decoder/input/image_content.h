// Whether an image shows anything at all.
#pragma once

#include <optional>

#include "model/decoder/input/grayscale.h"

namespace hilum::model {

// Codes: "blank" when all pixels have one value or are padding; "nearly_empty" when all but a few do, as on
// an exposure without a patient or a frame around nothing. `word_counts`: StoredPixels::word_counts().
std::optional<NotAnalysed> check_content(const std::vector<std::uint32_t>& word_counts,
                                         const PixelEncoding& encoding, const Grayscale& grayscale);

// Code "blank" when all pixels get one intensity, though they differ: a lookup table or window that is beside
// the image's values. `table`: intensity_table(), with an entry for
// each of the counts at least.
std::optional<NotAnalysed> check_intensities(const std::vector<std::uint32_t>& word_counts,
                                             const std::vector<float>& table);

}  // namespace hilum::model
