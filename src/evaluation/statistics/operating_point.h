// Where to cut: the threshold at which a model decides as its users need it to.
#pragma once

#include <optional>

#include "evaluation/statistics/interval.h"
#include "evaluation/statistics/roc.h"

namespace hilum::statistics {

struct OperatingPoint {
    double threshold = 0;               // a case is called positive from here on
    Estimate sensitivity, specificity;  // of the cases it was chosen on: new cases do a little worse
};

// What is wanted of a threshold; one of them.
struct Aim {
    enum class Kind { sensitivity, specificity, cost };
    Kind kind = Kind::sensitivity;
    // The least sensitivity or specificity, 0 to 1; of cost: what a missed case costs, a false alarm costing
    // 1, where the finding is as frequent as `prevalence`.
    double value = 0.9;
    double prevalence = 0.5;  // of cost
};

// Sensitivity: the highest threshold that reaches it, so that false alarms are fewest. Specificity: the
// lowest. Cost: the one whose cases cost least; of several the highest. Halfway between the two scores that
// it parts, so that rounding does not move a case over it. Codes: "too_few_cases" without cases of both
// kinds; "out_of_reach" where no threshold below 1 does (a specificity with ties at the top).
Result<OperatingPoint> operating_point(const Scores& scores, const Aim& aim, double level = usual_level);

}  // namespace hilum::statistics
