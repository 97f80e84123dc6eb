#include "evaluation/statistics/decisions.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>

namespace hilum::statistics {
namespace {

double logit(double p) {
    return std::log(p / (1 - p));
}

double from_logit(double value) {
    return 1 / (1 + std::exp(-value));
}

// From the ratio of chances to the value, with the variance of its logarithm.
Estimate predictive(double value, double variance, double level) {
    const double half = normal_quantile(level) * std::sqrt(variance);
    return {value, {from_logit(logit(value) - half), from_logit(logit(value) + half)}};
}

}  // namespace

std::optional<Estimate> sensitivity(const Counts& counts, double level) {
    if (counts.positive() == 0) return std::nullopt;
    return wilson(counts.true_positive, counts.positive(), level);
}

std::optional<Estimate> specificity(const Counts& counts, double level) {
    if (counts.negative() == 0) return std::nullopt;
    return wilson(counts.true_negative, counts.negative(), level);
}

std::optional<PredictiveValues> predictive_values(const Counts& counts, double prevalence, double level) {
    if (counts.positive() == 0 || counts.negative() == 0 || prevalence <= 0 || prevalence >= 1)
        return std::nullopt;
    const bool rare = std::min({counts.true_positive, counts.false_negative, counts.true_negative,
                                counts.false_positive}) == 0;
    const double more = rare ? 0.5 : 0;
    const double n1 = static_cast<double>(counts.positive()) + 2 * more;
    const double n0 = static_cast<double>(counts.negative()) + 2 * more;
    const double se = (static_cast<double>(counts.true_positive) + more) / n1;
    const double sp = (static_cast<double>(counts.true_negative) + more) / n0;
    const double positive = se * prevalence / (se * prevalence + (1 - sp) * (1 - prevalence));
    const double negative = sp * (1 - prevalence) / (sp * (1 - prevalence) + (1 - se) * prevalence);
    return PredictiveValues{predictive(positive, (1 - se) / (se * n1) + sp / ((1 - sp) * n0), level),
                            predictive(negative, se / ((1 - se) * n1) + (1 - sp) / (sp * n0), level)};
}

McNemar mcnemar(const Discordance& discordance) {
    const double first = static_cast<double>(discordance.first_alone);
    const double second = static_cast<double>(discordance.second_alone);
    const double both = first + second;
    if (both == 0) return {};
    McNemar result;
    const double gap = std::max(0.0, std::abs(first - second) - 1);
    result.statistic = gap * gap / both;
    result.p = boost::math::cdf(
        boost::math::complement(boost::math::chi_squared_distribution<>(1), result.statistic));
    result.uncorrected = (first - second) * (first - second) / both;
    const boost::math::binomial_distribution<> chance(both, 0.5);
    const double fewer = std::min(first, second);
    result.exact_p = std::min(1.0, 2 * boost::math::cdf(chance, fewer));
    // Of equal numbers the exact one is cut off at 1, where this one is 1 - P / 2.
    result.mid_p = first == second ? 1 - boost::math::pdf(chance, fewer) / 2
                                   : result.exact_p - boost::math::pdf(chance, fewer);
    return result;
}

std::optional<Estimate> kappa(const std::vector<std::vector<std::int64_t>>& table, double level) {
    const std::size_t classes = table.size();
    std::vector<double> rows(classes), columns(classes);
    double n = 0;
    for (std::size_t i = 0; i < classes; ++i)
        for (std::size_t j = 0; j < classes; ++j) {
            const double cell = static_cast<double>(table[i][j]);
            rows[i] += cell, columns[j] += cell, n += cell;
        }
    if (n == 0) return std::nullopt;
    double observed = 0, expected = 0;
    for (std::size_t i = 0; i < classes; ++i) {
        observed += static_cast<double>(table[i][i]) / n;
        expected += rows[i] / n * columns[i] / n;
    }
    if (expected >= 1) return std::nullopt;
    const double value = (observed - expected) / (1 - expected);
    double on = 0, off = 0;
    for (std::size_t i = 0; i < classes; ++i)
        for (std::size_t j = 0; j < classes; ++j) {
            const double p = static_cast<double>(table[i][j]) / n;
            if (i == j)
                on += p * std::pow(1 - (rows[i] + columns[i]) / n * (1 - value), 2);
            else
                off += p * std::pow((columns[i] + rows[j]) / n, 2);
        }
    const double rest = value - expected * (1 - value);
    const double variance =
        (on + (1 - value) * (1 - value) * off - rest * rest) / (n * std::pow(1 - expected, 2));
    const double half = normal_quantile(level) * std::sqrt(std::max(0.0, variance));
    return Estimate{value, {std::max(-1.0, value - half), std::min(1.0, value + half)}};
}

double net_benefit(const Counts& counts, double threshold) {
    const double n = static_cast<double>(counts.positive() + counts.negative());
    return static_cast<double>(counts.true_positive) / n -
           static_cast<double>(counts.false_positive) / n * threshold / (1 - threshold);
}

double net_benefit_of_calling_all(const Counts& counts, double threshold) {
    return net_benefit({counts.positive(), counts.negative(), 0, 0}, threshold);
}

}  // namespace hilum::statistics
