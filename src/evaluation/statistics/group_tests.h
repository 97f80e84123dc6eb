// Whether a model does worse in one group of cases than in the others, where many groups are looked at.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hilum::statistics {

struct Share {
    std::int64_t successes = 0, trials = 0;
};

// Fisher's exact test of two proportions, two-sided: the chance of all tables that are no likelier than this
// one, with its margins (Fisher 1935). 1 where one has no trials.
double fisher_exact_p(const Share& first, const Share& second);

// Of the p values of several tests those that hold for all of them together (Holm, Scandinavian Journal of
// Statistics 1979), in the same order.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace hilum::statistics
