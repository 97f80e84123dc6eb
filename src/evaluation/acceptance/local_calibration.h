// Whether a model's probabilities hold on a hospital's images, and whether a correction learned there would
// help there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures/scored_case.h"
#include "evaluation/statistics/calibration_inference.h"

namespace hilum::evaluation {

struct LocalCalibration {
    enum class Advice { holds, recalibrate, not_shown, cannot_be_told };

    std::string label;
    std::optional<statistics::CalibrationTest> test;  // none: `words` say why
    double p_of_all = 1;  // the test's p, for that many labels are looked at (Holm)
    // What Platt's scaling, fitted on other patients of the hospital, takes off the Brier score of each image
    // on average; above 0 it helps.
    std::optional<statistics::Estimate> gain;
    Advice advice = Advice::cannot_be_told;
    std::string words;
};

// Of each label. Recalibration is advised where both hold: the test finds a gap (p below 0.05), and a
// correction gains on patients that it was not fitted on (cross-fitted in two halves by patient; interval by
// patients above 0). A gap without a gain is told, and advises nothing.
std::vector<LocalCalibration> local_calibration(const ScoredSet& set, std::uint64_t seed,
                                                double level = statistics::usual_level);

}  // namespace hilum::evaluation
