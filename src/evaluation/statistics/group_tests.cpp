#include "evaluation/statistics/group_tests.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hilum::statistics {
namespace {

double log_choose(std::int64_t n, std::int64_t k) {
    const auto log_factorial = [](std::int64_t value) { return std::lgamma(static_cast<double>(value) + 1); };
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

}  // namespace

double fisher_exact_p(const Share& first, const Share& second) {
    if (first.trials == 0 || second.trials == 0) return 1;
    const std::int64_t successes = first.successes + second.successes;
    const double all = log_choose(first.trials + second.trials, successes);
    const auto chance_of = [&](std::int64_t in_first) {
        return std::exp(log_choose(first.trials, in_first) + log_choose(second.trials, successes - in_first) -
                        all);
    };
    constexpr double rounding = 1 + 1e-7;  // as R and scipy have it: what is as likely is meant too
    const double seen = chance_of(first.successes) * rounding;
    double p = 0;
    const auto least = std::max(std::int64_t{0}, successes - second.trials);
    for (auto in_first = least; in_first <= std::min(first.trials, successes); ++in_first)
        if (const double chance = chance_of(in_first); chance <= seen) p += chance;
    return std::min(1.0, p);
}

std::vector<double> holm_adjusted(std::span<const double> p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t index) { return p[index]; });
    std::vector<double> adjusted(p.size());
    double highest = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        highest = std::max(highest, std::min(1.0, static_cast<double>(order.size() - i) * p[order[i]]));
        adjusted[order[i]] = highest;
    }
    return adjusted;
}

}  // namespace hilum::statistics
