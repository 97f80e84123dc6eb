#include "evaluation/statistics/sample_size.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace hilum::statistics {
namespace {

using boost::math::binomial_distribution;
using boost::math::normal_distribution;

double quantile_of(double chance) {
    return boost::math::quantile(normal_distribution<>(), chance);
}

// At most this chance of so few where `expected` holds; below 0 where even none is likelier.
double most_rejected(double expected, std::int64_t cases, double tail) {
    const binomial_distribution<> distribution(static_cast<double>(cases), expected);
    auto most = static_cast<std::int64_t>(std::floor(boost::math::quantile(distribution, tail)));
    while (most >= 0 && boost::math::cdf(distribution, static_cast<double>(most)) > tail) --most;
    while (boost::math::cdf(distribution, static_cast<double>(most + 1)) <= tail) ++most;
    return static_cast<double>(most);
}

}  // namespace

double area_variance(double area, double ratio) {
    const double a = std::sqrt(2) * quantile_of(area), squared = a * a;
    return 0.0099 * std::exp(-squared / 2) * (5 * squared + 8 + (squared + 8) / ratio);
}

double hanley_mcneil_variance(double area, std::int64_t positive, std::int64_t negative) {
    const double m = static_cast<double>(positive), n = static_cast<double>(negative);
    const double squared = area * area;
    const double two_positive = area / (2 - area), two_negative = 2 * squared / (1 + area);
    return (area * (1 - area) + (m - 1) * (two_positive - squared) + (n - 1) * (two_negative - squared)) /
           (m * n);
}

CasesNeeded cases_for_area(double expected, double actual, double ratio, const Detection& detection) {
    const double by_chance = quantile_of(1 - detection.alpha / 2), missed = quantile_of(detection.power);
    const double reach = by_chance * std::sqrt(area_variance(expected, ratio)) +
                         missed * std::sqrt(area_variance(actual, ratio));
    const double positive = std::pow(reach / (expected - actual), 2);
    return {static_cast<std::int64_t>(std::ceil(positive)),
            static_cast<std::int64_t>(std::ceil(positive * ratio))};
}

double power_of_area(double expected, double actual, const CasesNeeded& cases, double alpha) {
    if (cases.positive < 1 || cases.negative < 1) return 0;
    const double positive = static_cast<double>(cases.positive);
    const double ratio = static_cast<double>(cases.negative) / positive;
    const double by_chance = quantile_of(1 - alpha / 2) * std::sqrt(area_variance(expected, ratio));
    const double beyond = std::abs(expected - actual) * std::sqrt(positive) - by_chance;
    return boost::math::cdf(normal_distribution<>(), beyond / std::sqrt(area_variance(actual, ratio)));
}

double power_of_proportion(double expected, double actual, std::int64_t cases, double alpha) {
    if (cases < 1) return 0;
    const double most = most_rejected(expected, cases, alpha / 2);
    if (most < 0) return 0;
    return boost::math::cdf(binomial_distribution<>(static_cast<double>(cases), actual), most);
}

std::int64_t cases_for_proportion(double expected, double actual, const Detection& detection) {
    const auto reaches = [&](std::int64_t cases) {
        return power_of_proportion(expected, actual, cases, detection.alpha) >= detection.power;
    };
    const double by_normal =
        std::pow((quantile_of(1 - detection.alpha / 2) * std::sqrt(expected * (1 - expected)) +
                  quantile_of(detection.power) * std::sqrt(actual * (1 - actual))) /
                     (expected - actual),
                 2);
    // Far beyond the teeth of the power's saw, and from there back to the last number that does not do.
    auto cases = static_cast<std::int64_t>(std::ceil(1.5 * by_normal)) + 100;
    while (!reaches(cases)) cases *= 2;
    while (cases > 1 && reaches(cases - 1)) --cases;
    return cases;
}

}  // namespace hilum::statistics
