#include "evaluation/statistics/calibration_inference.h"

#include <algorithm>
#include <array>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <map>
#include <vector>

#include "evaluation/statistics/logistic_fit.h"

namespace hilum::statistics {
namespace {

using Matrix = std::array<double, 3>;  // symmetric: 00, 01, 11

double fitted(const LogisticLine& line, double x) {
    return 1 / (1 + std::exp(-(line.intercept + line.slope * x)));
}

Status check_line(std::span<const LogisticCase> cases, std::span<const std::string> patients) {
    double low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};  // of the log odds, of negative and positive cases
    std::size_t count[2] = {0, 0};
    for (const auto& one : cases) {
        const std::size_t kind = one.target > 0.5;
        low[kind] = std::min(low[kind], one.x);
        high[kind] = std::max(high[kind], one.x);
        ++count[kind];
    }
    std::map<std::string_view, int> different;
    for (const auto& patient : patients) ++different[patient];
    if (std::min({count[0], count[1], different.size()}) < least_for_calibration)
        return fail("too_few_cases",
                    "{} images with it and {} without, of {} patients; {} of each are the least", count[1],
                    count[0], different.size(), least_for_calibration);
    if (std::max(high[0], high[1]) - std::min(low[0], low[1]) < 1e-9)
        return fail("no_line", "the model says the same probability of every image");
    if (low[1] >= high[0] || low[0] >= high[1])
        return fail("no_line", "the probabilities tell the two kinds apart without a mistake");
    return {};
}

// The sum over patients of the outer product of their scores' sums.
Matrix patients_scatter(std::span<const LogisticCase> cases, std::span<const std::string> patients,
                        const LogisticLine& line) {
    std::map<std::string_view, std::pair<double, double>> sums;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const double gap = cases[i].target - fitted(line, cases[i].x);
        auto& sum = sums[patients[i]];
        sum.first += gap;
        sum.second += gap * cases[i].x;
    }
    Matrix scatter{};
    for (const auto& [patient, sum] : sums) {
        scatter[0] += sum.first * sum.first;
        scatter[1] += sum.first * sum.second;
        scatter[2] += sum.second * sum.second;
    }
    const double n = static_cast<double>(sums.size());
    for (double& value : scatter) value *= n / (n - 1);
    return scatter;
}

Matrix information(std::span<const LogisticCase> cases, const LogisticLine& line) {
    Matrix sum{};
    for (const auto& one : cases) {
        const double p = fitted(line, one.x), weight = p * (1 - p);
        sum[0] += weight;
        sum[1] += weight * one.x;
        sum[2] += weight * one.x * one.x;
    }
    return sum;
}

Matrix inverse(const Matrix& m) {
    const double determinant = m[0] * m[2] - m[1] * m[1];
    return {m[2] / determinant, -m[1] / determinant, m[0] / determinant};
}

// a b a.
Matrix between(const Matrix& a, const Matrix& b) {
    const double c00 = a[0] * b[0] + a[1] * b[1], c01 = a[0] * b[1] + a[1] * b[2];
    const double c10 = a[1] * b[0] + a[2] * b[1], c11 = a[1] * b[1] + a[2] * b[2];
    return {c00 * a[0] + c01 * a[1], c00 * a[1] + c01 * a[2], c10 * a[1] + c11 * a[2]};
}

Estimate around(double value, double variance, double level) {
    const double half = normal_quantile(level) * std::sqrt(variance);
    return {value, {value - half, value + half}};
}

// The intercept of a line of slope 1, by Newton's method: its likelihood has one peak.
double shift_of(std::span<const LogisticCase> cases) {
    LogisticLine line{0, 1};
    for (int i = 0; i < 100; ++i) {
        double gap = 0;
        for (const auto& one : cases) gap += one.target - fitted(line, one.x);
        const double step = std::clamp(gap / std::max(information(cases, line)[0], 1e-9), -1.0, 1.0);
        line.intercept += step;
        if (std::abs(step) < 1e-12) break;
    }
    return line.intercept;
}

}  // namespace

Result<CalibrationTest> test_calibration(std::span<const Forecast> forecasts,
                                         std::span<const std::string> patients, double level) {
    const auto cases = logit_cases(forecasts);
    if (auto status = check_line(cases, patients); !status) return tl::unexpected(status.error());
    CalibrationTest test;
    const LogisticLine shifted{shift_of(cases), 1};
    const double curvature = information(cases, shifted)[0];
    test.in_the_large = around(
        shifted.intercept, patients_scatter(cases, patients, shifted)[0] / (curvature * curvature), level);
    const auto line = fit_logistic(cases);
    const auto variance = between(inverse(information(cases, line)), patients_scatter(cases, patients, line));
    test.slope = around(line.slope, variance[2], level);
    const auto weight = inverse(variance);
    const double shift = line.intercept, tilt = line.slope - 1;
    const double distance =
        weight[0] * shift * shift + 2 * weight[1] * shift * tilt + weight[2] * tilt * tilt;
    test.p = boost::math::cdf(boost::math::complement(boost::math::chi_squared_distribution<>(2), distance));
    return test;
}

}  // namespace hilum::statistics
