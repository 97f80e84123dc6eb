// How many images it takes to see that a model got worse, against how many there are and how many come a
// week.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/acceptance/maker_figures.h"
#include "evaluation/figures/evaluated_set.h"
#include "evaluation/statistics/sample_size.h"

namespace hilum::evaluation {

struct PowerSettings {
    double drop = 0.05;                   // of each figure
    std::optional<double> per_week = {};  // images that the model will analyse
};

struct PowerRow {
    std::string label, figure;  // "AUC", "sensitivity", "specificity"
    double drop = 0, power = 0;
    // To see on these images that it is worse than expected: than the maker's figure where it is known, else
    // than what was seen here.
    double expected = 0;             // at most 0.99
    statistics::CasesNeeded needed;  // sensitivity takes only positive images, specificity only negative ones
    statistics::CasesNeeded there;
    double power_here = 0;  // with the images that are there
    bool enough = false;
    // To see in the work afterwards that it gets worse than it was seen to be here. Empty where nothing was
    // seen, or it cannot drop so far.
    std::optional<double> seen;  // at most 0.99
    statistics::CasesNeeded watched;
    std::optional<double> weeks;  // until as many have come, at the stated prevalence
};

// With a power of 0.8 and of 0.9, alpha 0.05 two-sided (statistics/sample_size.h); areas in the mix of
// positive and negative images that the set has, afterwards in that of the prevalence. Figures that are not
// known, or that cannot drop so far (an area below 0.5), have no row. Findings only.
std::vector<PowerRow> power_plan(const EvaluatedSet& set, const std::optional<MakerFigures>& maker,
                                 const PowerSettings& settings);

}  // namespace hilum::evaluation
