// model.yaml and golden.yaml as text. Internal to the folder.
#pragma once

#include <string>
#include <vector>

#include "model/package/model_package.h"

namespace hilum::training {

// A model.yaml for weights of that digest in model.pt, not cleared and not calibrated.
// Code "configuration" for what it cannot say: an age that is no whole number of days, weeks, months or
// years.
Result<std::string> model_yaml(const model::ModelPackage& package, const std::string& sha256);

// Each case's tolerance is 0.001, of its largest output where that is above 1.
std::string golden_yaml(const std::vector<model::GoldenCase>& cases);

}  // namespace hilum::training
