// What `hilum calibrate` adds to a model package: probabilities that hold, thresholds that reach an aim, and
// sets that say when the model does not know; all fitted on images that it did not learn from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "evaluation/calibration/carried_thresholds.h"
#include "evaluation/figures/scored_case.h"
#include "evaluation/statistics/operating_point.h"
#include "model/package/calibration.h"

namespace hilum::evaluation {

struct CalibrationWishes {
    std::string method = "temperature";  // temperature | platt | isotonic
    std::optional<double> coverage;      // of prediction sets; softmax only
    std::optional<statistics::Aim> aim;  // of thresholds; independent findings only
    std::uint64_t seed = 1;              // of the halving by patient
};

// How well the probabilities hold on the second half, which the calibration was not fitted on.
struct CalibrationGain {
    std::string label;
    double brier_before = 0, brier_after = 0, error_before = 0, error_after = 0;
};

struct FittedCalibration {
    model::Calibration calibration;
    std::optional<model::PredictionSets> sets;
    std::vector<statistics::OperatingPoint> thresholds;  // one for each label, or none
    std::vector<CarriedThreshold> carried;  // one for each label, or none: where no others were asked for
    std::vector<CalibrationGain> gains;
    std::size_t first_half = 0, second_half = 0;  // images
};

// Halves the images by patient: the calibration is fitted on the first half; sets, thresholds and gains are
// measured on the second, so that each is new to what it is measured with. `set.outputs` are logits (softmax,
// sigmoid) or scores. Codes: "too_few_cases" with how many of which class a coverage needs; "one_class";
// "calibration" where a wish does not fit the model.
Result<FittedCalibration> fit_calibration(const ScoredSet& set, model::Activation activation,
                                          const CalibrationWishes& wishes);

// `yaml` (a model.yaml) with the calibration, thresholds and sets in it, under the new version. Sets that
// were measured on the probabilities before go, where no others were fitted. Comments are lost. Code
// "configuration" where it is no YAML.
Result<std::string> calibrated_yaml(const std::string& yaml, const FittedCalibration& fitted,
                                    const std::string& version);

}  // namespace hilum::evaluation
