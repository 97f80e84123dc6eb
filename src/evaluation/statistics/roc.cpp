#include "evaluation/statistics/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace hilum::statistics {
namespace {

// Of each value its rank from 1 among all, those that are equal sharing the mean of theirs.
std::vector<double> midranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t index) { return values[index]; });
    std::vector<double> ranks(values.size());
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin;
        while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
        const double rank = static_cast<double>(begin + end + 1) / 2;
        for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = rank;
        begin = end;
    }
    return ranks;
}

double mean(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double covariance(std::span<const double> a, std::span<const double> b) {
    const double mean_a = mean(a), mean_b = mean(b);
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
    return sum / static_cast<double>(a.size() - 1);
}

double area_covariance(const PlacementValues& a, const PlacementValues& b) {
    return covariance(a.positive, b.positive) / static_cast<double>(a.positive.size()) +
           covariance(a.negative, b.negative) / static_cast<double>(a.negative.size());
}

Interval interval_of(double area, double variance, std::size_t rarer, double level) {
    if (variance <= 0 || area <= 0 || area >= 1) {
        const auto trials = static_cast<std::int64_t>(rarer);
        return clopper_pearson(static_cast<std::int64_t>(std::llround(area * static_cast<double>(trials))),
                               trials, level)
            .interval;
    }
    const double logit = std::log(area / (1 - area));
    const double half = normal_quantile(level) * std::sqrt(variance) / (area * (1 - area));
    const auto back = [](double value) { return 1 / (1 + std::exp(-value)); };
    return {back(logit - half), back(logit + half)};
}

Status check(const Scores& scores) {
    if (scores.positive.size() >= 2 && scores.negative.size() >= 2) return {};
    return fail("too_few_cases",
                "{} positive and {} negative cases: an interval of the area under the curve needs at least "
                "two of each",
                scores.positive.size(), scores.negative.size());
}

AreaEstimate estimate(const Scores& scores, const PlacementValues& parts, double level) {
    AreaEstimate result;
    result.area.value = mean(parts.positive);
    result.variance = area_covariance(parts, parts);
    result.area.interval = interval_of(result.area.value, result.variance,
                                       std::min(scores.positive.size(), scores.negative.size()), level);
    return result;
}

AreaComparison compared(const AreaEstimate& first, const AreaEstimate& second, double covariance,
                        double level) {
    AreaComparison result{first, second, covariance, {}, 0, 1};
    result.difference.value = first.area.value - second.area.value;
    const double variance = first.variance + second.variance - 2 * covariance;
    // What is left of rounding where the two order the cases alike is no variance.
    const double deviation = variance > 1e-15 ? std::sqrt(variance) : 0;
    const double half = normal_quantile(level) * deviation;
    result.difference.interval = {result.difference.value - half, result.difference.value + half};
    if (deviation > 0) {
        result.z = result.difference.value / deviation;
        result.p = two_sided_p(result.z);
    }
    return result;
}

}  // namespace

PlacementValues placement_values(const Scores& scores) {
    std::vector<double> all = scores.positive;
    all.insert(all.end(), scores.negative.begin(), scores.negative.end());
    const auto among_all = midranks(all);
    const auto among_positive = midranks(scores.positive), among_negative = midranks(scores.negative);
    const double m = static_cast<double>(scores.positive.size());
    const double n = static_cast<double>(scores.negative.size());
    PlacementValues parts;
    for (std::size_t i = 0; i < scores.positive.size(); ++i)
        parts.positive.push_back((among_all[i] - among_positive[i]) / n);
    for (std::size_t i = 0; i < scores.negative.size(); ++i)
        parts.negative.push_back(1 - (among_all[scores.positive.size() + i] - among_negative[i]) / m);
    return parts;
}

std::vector<RocPoint> roc_curve(const Scores& scores) {
    std::vector<std::pair<double, bool>> cases;
    for (const double score : scores.positive) cases.emplace_back(score, true);
    for (const double score : scores.negative) cases.emplace_back(score, false);
    std::ranges::sort(cases, std::ranges::greater(), &std::pair<double, bool>::first);
    std::vector<RocPoint> curve{{std::numeric_limits<double>::infinity(), 0, 1}};
    double called_positive = 0, called_negative = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        (cases[i].second ? called_positive : called_negative) += 1;
        if (i + 1 < cases.size() && cases[i + 1].first == cases[i].first) continue;
        curve.push_back({cases[i].first, called_positive / static_cast<double>(scores.positive.size()),
                         1 - called_negative / static_cast<double>(scores.negative.size())});
    }
    return curve;
}

double area_under_curve(const Scores& scores) {
    return mean(placement_values(scores).positive);
}

Result<AreaEstimate> delong(const Scores& scores, double level) {
    if (auto status = check(scores); !status) return tl::unexpected(status.error());
    return estimate(scores, placement_values(scores), level);
}

Result<AreaComparison> compare_paired(const Scores& first, const Scores& second, double level) {
    if (first.positive.size() != second.positive.size() || first.negative.size() != second.negative.size())
        return fail("unpaired", "the models were not measured on the same cases: {} and {}",
                    first.positive.size() + first.negative.size(),
                    second.positive.size() + second.negative.size());
    if (auto status = check(first); !status) return tl::unexpected(status.error());
    const auto a = placement_values(first), b = placement_values(second);
    return compared(estimate(first, a, level), estimate(second, b, level), area_covariance(a, b), level);
}

Result<AreaComparison> compare_independent(const Scores& first, const Scores& second, double level) {
    const auto a = delong(first, level), b = delong(second, level);
    if (!a) return tl::unexpected(a.error());
    if (!b) return tl::unexpected(b.error());
    return compared(*a, *b, 0, level);
}

}  // namespace hilum::statistics
