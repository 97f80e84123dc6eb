// An input for trying a model where no radiograph is at hand.
#pragma once

#include <vector>

#include "model/package/model_package.h"

namespace hilum::model {

// channels x rows x columns floats, distributed as the package's normalised input is: a gradient with noise,
// the same at every call. Not constant, since models that normalise by an image's own deviation divide by it.
std::vector<float> make_probe(const InputSpecification& input);

}  // namespace hilum::model
