// How a training went, as a picture.
#pragma once

#include <string>
#include <vector>

#include "training/package/trained_model.h"

namespace hilum::training {

// An SVG file that opens alone: the losses, and beside them the area under the ROC curve on validation where
// it was measured. Losses that are no numbers are left out.
std::string curves_svg(const std::vector<Epoch>& epochs);

}  // namespace hilum::training
