// Sets of classes that hold the truth with a stated chance (split conformal prediction: Vovk, Gammerman and
// Shafer 2005; Lei et al., JASA 2018), so that "the model does not know" has a measured meaning.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"

namespace hilum::statistics {

struct LabelledProbabilities {
    std::vector<double> probabilities;  // of each class, in [0, 1]
    std::size_t truth = 0;              // index of the class
};

// A class belongs to a case's set where its probability reaches least[class].
struct ConformalSets {
    double coverage = 0;        // of cases like those it was fitted on, at least, class by class
    std::vector<double> least;  // 0 where the set apart was too small: the class is then never left out
    std::vector<std::size_t> set_of(std::span<const double> probabilities) const;
};

// Class by class (Mondrian), so that the rarer class is covered as well: with n cases of the class the bound
// is the floor((n + 1)(1 - coverage))-th smallest probability that they were given. Codes: "coverage" where
// it is not between 0 and 1, "too_few_cases" without cases.
Result<ConformalSets> fit_conformal(std::span<const LabelledProbabilities> cases, std::size_t classes,
                                    double coverage);

// How many cases of a class a coverage needs for a bound at all.
std::size_t cases_needed(double coverage);

}  // namespace hilum::statistics
