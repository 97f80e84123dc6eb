// Whether an image shows anything at all.
#pragma once

#include <optional>

#include "model/grayscale.h"

namespace hilum::model {

// Codes: "blank" when all pixels have one value or are padding; "nearly_empty" when all but a few do, as on
// an exposure without a patient or a frame around nothing. `word_counts`: StoredPixels::word_counts().
std::optional<NotAnalysed> check_content(const std::vector<std::uint32_t>& word_counts,
                                         const PixelEncoding& encoding, const Grayscale& grayscale);

}  // namespace hilum::model
