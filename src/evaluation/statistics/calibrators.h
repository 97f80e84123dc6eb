// From what a model says to probabilities that hold, fitted on cases that it did not learn from.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "model/package/calibration.h"

namespace hilum::statistics {

// One case of a softmax: its raw outputs (logits), and the class that is true.
struct LabelledLogits {
    std::vector<double> logits;
    std::size_t truth = 0;
};

// The temperature by which logits are divided before the softmax so that the likelihood is highest (Guo et
// al., ICML 2017); between 0.05 and 20. Code "too_few_cases" without cases; "one_class" where all have the
// same truth.
Result<double> fit_temperature(std::span<const LabelledLogits> cases);

// A score of one label, whatever its scale, and the truth.
struct LabelledScore {
    double score = 0;
    bool positive = false;
};

// P = 1 / (1 + exp(-(slope score + intercept))), with Platt's smoothed targets (Platt 1999, as corrected by
// Lin, Lin and Weng, Machine Learning 2007). The same codes.
Result<model::Platt> fit_platt(std::span<const LabelledScore> cases);

// The step-wise rising function nearest to the truths (pool adjacent violators). The same codes.
Result<model::Isotonic> fit_isotonic(std::span<const LabelledScore> cases);

}  // namespace hilum::statistics
