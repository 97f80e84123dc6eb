// Two models on the same images, and one model on the images of two places.
#pragma once

#include <string>
#include <vector>

#include "evaluation/figures/measure.h"

namespace hilum::evaluation {

std::string p_words(double p);  // "p = 0.012", "p < 0.001"

struct LabelComparison {
    std::string label;
    statistics::AreaComparison area;  // first - second
    // Decisions about cases that have the finding, and about those that have not.
    statistics::Discordance among_positive, among_negative;
    statistics::McNemar sensitivity, specificity;
    std::string words;  // one sentence that says what was found, and what was not
};

// DeLong's and McNemar's tests over the images that both models analysed, found by file. Labels that both
// have. Codes: "unpaired" where there is no such image or label, or the truths differ; "too_few_cases".
Result<std::vector<LabelComparison>> compare_models(const ScoredSet& first, const ScoredSet& second,
                                                    double level = statistics::usual_level);

struct LabelDrop {
    std::string label;
    statistics::AreaComparison area;          // internal - external
    double sensitivity = 0, specificity = 0;  // internal - external, at the deployed decision
    std::string words;
};

// External validation: the model where it was made against the model elsewhere, the patients being others.
// The same codes.
Result<std::vector<LabelDrop>> compare_sets(const ScoredSet& internal, const ScoredSet& external,
                                            double level = statistics::usual_level);

}  // namespace hilum::evaluation
