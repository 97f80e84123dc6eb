// predictions.csv: what a model said of every image, for whoever wants to compute a figure again.
#pragma once

#include <string>

#include "evaluation/figures/scored_case.h"

namespace hilum::evaluation {

// One line an image: what is known of it, the diagnosis, or the code of why there is none; then of each label
// the truth, the raw output, the probability and the decision. Text of files and headers that a spreadsheet
// would take for a formula stands behind an apostrophe.
std::string predictions_csv(const ScoredSet& set);

}  // namespace hilum::evaluation
