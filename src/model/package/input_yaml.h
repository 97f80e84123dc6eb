// The other direction of reading: the block `input` of a model.yaml.
#pragma once

#include <string>

#include "model/package/model_package.h"

namespace hilum::model {

// "input:" and its keys, a line each, indented by two blanks. Reads back as the same numbers; the same text
// for the same input.
std::string input_yaml(const InputSpecification& input);

}  // namespace hilum::model
