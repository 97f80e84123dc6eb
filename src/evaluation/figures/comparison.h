// Two models on the same images, and one model on the images of two places.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures/measure.h"

namespace hilum::evaluation {

std::string p_words(double p);  // "p = 0.012", "p < 0.001"

struct LabelComparison {
    std::string label;
    std::optional<statistics::AreaComparison> area;  // first - second; none: `why_not` says why
    std::string why_not = {};
    // Decisions about cases that have the finding, and about those that have not.
    statistics::Discordance among_positive, among_negative;
    statistics::McNemar sensitivity, specificity;
    std::string words;  // one sentence that says what was found, and what was not
};

// DeLong's and McNemar's tests over the images that both models analysed, found by file. Labels that both
// have; areas where the images show two cases with and two without it. Codes: "unpaired" where there is no
// such image or label, or the truths differ; "too_few_cases" where that holds of no label.
Result<std::vector<LabelComparison>> compare_models(const ScoredSet& first, const ScoredSet& second,
                                                    double level = statistics::usual_level);

struct LabelDrop {
    std::string label;
    std::optional<statistics::AreaComparison> area;  // internal - external; none: `why_not` says why
    std::string why_not = {};
    // internal - external, at the deployed decision; none without cases of the kind in either set
    std::optional<double> sensitivity, specificity;
    std::string words;
};

// External validation: the model where it was made against the model elsewhere, the patients being others.
// The same codes.
Result<std::vector<LabelDrop>> compare_sets(const ScoredSet& internal, const ScoredSet& external,
                                            double level = statistics::usual_level);

}  // namespace hilum::evaluation
