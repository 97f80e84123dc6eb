// Receiver operating characteristic: how well scores tell positive cases from negative ones, whatever the
// threshold. Intervals and comparisons after DeLong, DeLong and Clarke-Pearson (Biometrics 1988), computed by
// ranks as Sun and Xu do (IEEE Signal Processing Letters 2014), O(n log n).
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "evaluation/statistics/interval.h"

namespace hilum::statistics {

// The scores of one model on one set of cases, higher being more positive. Finite.
struct Scores {
    std::vector<double> positive, negative;  // of the cases that have the finding, and that do not
};

struct RocPoint {
    double threshold = 0;                     // a case is called positive from here on
    double sensitivity = 0, specificity = 0;  // at it
};

// From (0, 1), at an infinite threshold, to (1, 0): one point for each distinct score.
std::vector<RocPoint> roc_curve(const Scores& scores);

// The chance that a positive case scores higher than a negative one, ties counting half (Mann-Whitney).
// At least one case of each kind.
double area_under_curve(const Scores& scores);

// DeLong's structural components: for each positive case the share of negative ones that score lower, for
// each negative one the share of positive ones that score higher, ties counting half. The mean of either is
// the area. At least one case of each kind.
struct PlacementValues {
    std::vector<double> positive, negative;  // in the order of the scores
};
PlacementValues placement_values(const Scores& scores);

struct AreaEstimate {
    Estimate area;
    double variance = 0;  // of the area
};

// The area with DeLong's interval, on the logit scale, so that it stays within (0, 1); where every pair is
// told apart (or none is) the variance is 0 and the interval says nothing: it is then the exact one of as
// many trials as the rarer kind has cases. Code "too_few_cases" below two of each kind.
Result<AreaEstimate> delong(const Scores& scores, double level = usual_level);

struct AreaComparison {
    AreaEstimate first, second;
    double covariance = 0;
    Estimate difference;  // first - second
    double z = 0, p = 1;  // two-sided; p is 1 where the two never differ
};

// Two models on the same cases, in the same order. Codes: "too_few_cases"; "unpaired" where the numbers of
// cases differ.
Result<AreaComparison> compare_paired(const Scores& first, const Scores& second, double level = usual_level);

// One model on two sets of other patients (internal and external): the areas are independent.
Result<AreaComparison> compare_independent(const Scores& first, const Scores& second,
                                           double level = usual_level);

}  // namespace hilum::statistics
