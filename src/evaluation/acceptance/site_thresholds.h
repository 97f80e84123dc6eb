// Thresholds for one hospital: chosen on half of its patients, proved on the other half, and written down so
// that they can be taken into hilum.yaml.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "evaluation/figures/scored_case.h"
#include "evaluation/statistics/operating_point.h"

namespace hilum::evaluation {

inline constexpr std::int64_t least_for_threshold = 10;  // images of a kind in each half

struct SiteThreshold {
    enum class Proof { reached, in_keeping, missed };

    std::string label;
    double deployed = 0;                   // the threshold in force: the package's, or the site's own
    std::optional<double> chosen;          // none: `words` say why
    statistics::OperatingPoint at_choice;  // on the first half; new cases do a little worse
    // On the second half, which it was not chosen on; Wilson's intervals.
    std::optional<statistics::Estimate> sensitivity, specificity;
    std::int64_t positive = 0, negative = 0;  // images of the second half
    // Reached: the whole interval is on the right side of the aim. In keeping: the aim lies within it.
    // Missed: all of it is below. Of a cost there is no such aim: reached where it costs no more than the
    // deployed threshold does on the second half, else missed.
    Proof proof = Proof::in_keeping;
    std::string words;
};

// Of each finding. Code "calibration" where the model's classes exclude each other, so that no threshold
// decides.
Result<std::vector<SiteThreshold>> site_thresholds(const ScoredSet& set, const statistics::Aim& aim,
                                                   std::uint64_t seed);

// A file of YAML with the entry of hilum.yaml's `models` that they belong to; those that were missed or not
// chosen stand as comments. `package` is what the entry's `package` should be.
std::string thresholds_yaml(const ScoredSet& set, const std::vector<SiteThreshold>& thresholds,
                            const std::string& package, const std::string& how);

// "a sensitivity of 0.95".
std::string words_of(const statistics::Aim& aim);

}  // namespace hilum::evaluation
