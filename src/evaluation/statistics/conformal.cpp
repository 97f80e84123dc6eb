#include "evaluation/statistics/conformal.h"

#include <algorithm>
#include <cmath>

namespace hilum::statistics {
namespace {

// (n + 1)(1 - coverage), down to a whole number; 1e-9 is for 0.9 not being a binary fraction.
std::size_t rank_of(std::size_t cases, double coverage) {
    return static_cast<std::size_t>(std::floor(static_cast<double>(cases + 1) * (1 - coverage) + 1e-9));
}

}  // namespace

std::vector<std::size_t> ConformalSets::set_of(std::span<const double> probabilities) const {
    std::vector<std::size_t> set;
    for (std::size_t i = 0; i < least.size(); ++i)
        if (probabilities[i] >= least[i]) set.push_back(i);
    return set;
}

Result<ConformalSets> fit_conformal(std::span<const LabelledProbabilities> cases, std::size_t classes,
                                    double coverage) {
    if (!(coverage > 0 && coverage < 1))
        return fail("coverage", "a coverage of {} is asked for; it lies between 0 and 1", coverage);
    if (cases.empty()) return fail("too_few_cases", "there are no cases to fit prediction sets on");
    std::vector<std::vector<double>> given(classes);
    for (const auto& one : cases) given[one.truth].push_back(one.probabilities[one.truth]);
    ConformalSets sets{coverage, std::vector<double>(classes, 0.0)};
    for (std::size_t i = 0; i < classes; ++i) {
        const auto rank = rank_of(given[i].size(), coverage);
        if (rank == 0) continue;
        const auto at = given[i].begin() + static_cast<std::ptrdiff_t>(rank - 1);
        std::ranges::nth_element(given[i], at);
        sets.least[i] = *at;
    }
    return sets;
}

std::size_t cases_needed(double coverage) {
    return static_cast<std::size_t>(std::ceil(1 / (1 - coverage) - 1 - 1e-9));
}

}  // namespace hilum::statistics
