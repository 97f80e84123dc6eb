// How well the network tells phantoms apart that it has not learned from.
#pragma once

#include <nlohmann/json.hpp>

#include "demo_model/training.h"

namespace hilum::demo_model {

// The temperature that divides logits so that the negative log likelihood of `labels` is lowest.
double fit_temperature(const torch::Tensor& logits, const torch::Tensor& labels);

// Accuracy, confusion, sensitivity, specificity and area under the ROC curve of each class against the rest,
// sensitivity by abnormality, expected calibration error with and without the temperature, and how often the
// activation map of a pneumonia peaks within one of its opacities.
nlohmann::json measure(const PhantomSet& set, const Outputs& outputs, double temperature);

}  // namespace hilum::demo_model
