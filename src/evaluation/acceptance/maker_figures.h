// What a model's maker measured of it, against what it does here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "evaluation/figures/evaluated_set.h"
#include "evaluation/statistics/group_tests.h"

namespace hilum::evaluation {

struct MakerLabel {
    std::string label;
    std::optional<double> area, area_variance;  // the variance only with an area
    std::optional<double> sensitivity, specificity;
    // With the counts behind them, where they are told.
    std::optional<statistics::Share> found, spared;
};

struct MakerFigures {
    std::string source;  // the file's name, for the page
    std::vector<MakerLabel> labels;
    const MakerLabel* of(std::string_view label) const;  // none: nullptr
};

// Reads figures.json of `hilum evaluate`, or a package's metrics.json as the demonstration model has it:
// "held_out" with "classes" ({label: {auc, sensitivity, specificity}}) and, for their numbers of images, the
// "confusion" matrix in the order of `labels`. An area without an interval gets Hanley and McNeil's variance,
// where the numbers are told. Code "maker_figures": no JSON, or neither of the two.
Result<MakerFigures> parse_maker_figures(const std::string& text, const std::string& source,
                                         const std::vector<std::string>& labels);

struct MakerDrop {
    std::string label, figure;  // "AUC", "sensitivity", "specificity"
    double maker = 0, here = 0;
    std::optional<statistics::Estimate> difference;  // maker's less here's; none: the maker tells no numbers
    double p = 1;                                    // two-sided, of this figure alone
    bool worse = false;                              // p below 0.05, and lower here
    std::string words;
};

// Of each finding and figure that both have. The patients are others, so that the two are independent: areas
// by their variances (DeLong's here), sensitivity and specificity by Fisher's exact test with Newcombe's
// interval of the difference (Statistics in Medicine 1998, method 10).
std::vector<MakerDrop> drops_from(const MakerFigures& maker, const EvaluatedSet& here);

}  // namespace hilum::evaluation
