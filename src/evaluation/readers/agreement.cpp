#include "evaluation/readers/agreement.h"

#include <algorithm>
#include <cmath>

namespace hilum::readers {
namespace {

// What the statistic is made of, summed over cases.
struct Sums {
    double agreeing = 0;          // pairs of readers that gave the same answer, as a share of a case's pairs
    std::vector<double> answers;  // how often each was given
};

void add(Sums& sums, const std::vector<std::int64_t>& counts, double sign) {
    double readers = 0, pairs = 0;
    for (std::size_t answer = 0; answer < counts.size(); ++answer) {
        const double count = static_cast<double>(counts[answer]);
        readers += count;
        pairs += count * (count - 1);
        sums.answers[answer] += sign * count;
    }
    sums.agreeing += sign * pairs / (readers * (readers - 1));
}

std::optional<double> kappa_of(const Sums& sums, double cases) {
    double all = 0, expected = 0;
    for (const double count : sums.answers) all += count;
    for (const double count : sums.answers) expected += count / all * (count / all);
    if (expected >= 1 - 1e-12) return std::nullopt;
    return (sums.agreeing / cases - expected) / (1 - expected);
}

}  // namespace

std::optional<statistics::Estimate> fleiss_kappa(const std::vector<std::vector<std::int64_t>>& counts,
                                                 double level) {
    if (counts.size() < 2) return std::nullopt;
    Sums sums{0, std::vector<double>(counts.front().size())};
    for (const auto& one : counts) add(sums, one, 1);
    const double n = static_cast<double>(counts.size());
    const auto value = kappa_of(sums, n);
    if (!value) return std::nullopt;
    std::vector<double> without;
    double mean = 0, squares = 0;
    for (const auto& one : counts) {
        add(sums, one, -1);
        const auto rest = kappa_of(sums, n - 1);
        if (!rest) return statistics::Estimate{*value, {-1, 1}};
        without.push_back(*rest);
        add(sums, one, 1);
        mean += without.back() / n;
    }
    for (const double one : without) squares += std::pow(one - mean, 2);
    const double half = statistics::normal_quantile(level) * std::sqrt((n - 1) / n * squares);
    return statistics::Estimate{*value, {std::max(-1.0, *value - half), std::min(1.0, *value + half)}};
}

}  // namespace hilum::readers
