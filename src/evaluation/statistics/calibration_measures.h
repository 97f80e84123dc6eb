// Whether probabilities mean what they say.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "evaluation/statistics/logistic_fit.h"

namespace hilum::statistics {

// A case with what the model said of it.
struct Forecast {
    double probability = 0;  // 0 to 1
    bool positive = false;   // the truth
};

// The mean squared gap between probability and truth, 0 to 1 (Brier 1950). At least one case.
double brier_score(std::span<const Forecast> forecasts);

struct ReliabilityBin {
    double low = 0, high = 0;  // its probabilities: low < p <= high, the first from 0
    std::size_t cases = 0;     // none: the means are 0
    double mean_probability = 0;
    double observed = 0;  // share of positive cases
};

// Bins of equal width.
std::vector<ReliabilityBin> reliability_curve(std::span<const Forecast> forecasts, std::size_t bins = 10);

// The mean gap between what is said and what is observed, bins weighed by their cases (Naeini, Cooper and
// Hauskrecht, AAAI 2015). At least one case.
double expected_calibration_error(std::span<const Forecast> forecasts, std::size_t bins = 10);

// Intercept and slope of the logistic regression of the truth on the logit of the probability (Cox 1958):
// 0 and 1 where it is calibrated; a slope below 1 is overconfidence. Probabilities are kept 1e-6 from 0
// and 1.
struct CalibrationLine {
    double intercept = 0, slope = 1;
};
CalibrationLine calibration_line(std::span<const Forecast> forecasts);

// What it is fitted on: the log odds of each probability, and the truth.
std::vector<LogisticCase> logit_cases(std::span<const Forecast> forecasts);

}  // namespace hilum::statistics
