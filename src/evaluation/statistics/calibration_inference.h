// Whether the gap between what probabilities say and what is so is more than chance.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "evaluation/statistics/calibration_measures.h"
#include "evaluation/statistics/interval.h"

namespace hilum::statistics {

// The calibration line's figures (calibration_measures.h) with intervals. Images of one patient resemble each
// other: the variances are those of whole patients (sandwich estimator: Huber 1967; Liang and Zeger,
// Biometrika 1986), with n / (n - 1) for few of them.
struct CalibrationTest {
    // Log odds by which what is observed is above what is said, on average; 0 where it holds ("in the
    // large").
    Estimate in_the_large;
    Estimate slope;  // 1 where it holds; below, the probabilities are too near to 0 and 1
    double p = 1;    // Wald's test that intercept and slope together are 0 and 1
};

// `patients[i]` is the patient of forecast i. Codes: "too_few_cases" below 10 cases of either kind (the line
// has no variance worth the name), or with fewer than 10 patients; "no_line" where all probabilities are
// alike, or where they tell the two kinds apart without a mistake, so that the slope has no end.
Result<CalibrationTest> test_calibration(std::span<const Forecast> forecasts,
                                         std::span<const std::string> patients, double level = usual_level);

inline constexpr std::size_t least_for_calibration = 10;  // cases of either kind, and patients

}  // namespace hilum::statistics
