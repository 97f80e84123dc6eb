#include "evaluation/statistics/calibration_measures.h"

#include <algorithm>
#include <cmath>

namespace hilum::statistics {
namespace {

constexpr double least_distance = 1e-6;  // of a probability from 0 and 1, before its logit

std::size_t bin_of(double probability, std::size_t bins) {
    const auto above = static_cast<std::ptrdiff_t>(std::ceil(probability * static_cast<double>(bins))) - 1;
    return static_cast<std::size_t>(
        std::clamp(above, std::ptrdiff_t{0}, static_cast<std::ptrdiff_t>(bins) - 1));
}

}  // namespace

double brier_score(std::span<const Forecast> forecasts) {
    double sum = 0;
    for (const auto& forecast : forecasts)
        sum += std::pow(forecast.probability - (forecast.positive ? 1 : 0), 2);
    return sum / static_cast<double>(forecasts.size());
}

std::vector<ReliabilityBin> reliability_curve(std::span<const Forecast> forecasts, std::size_t bins) {
    std::vector<ReliabilityBin> curve(bins);
    const double width = 1 / static_cast<double>(bins);
    for (std::size_t i = 0; i < bins; ++i) {
        curve[i].low = static_cast<double>(i) * width;
        curve[i].high = static_cast<double>(i + 1) * width;
    }
    for (const auto& forecast : forecasts) {
        auto& bin = curve[bin_of(forecast.probability, bins)];
        ++bin.cases;
        bin.mean_probability += forecast.probability;
        bin.observed += forecast.positive ? 1 : 0;
    }
    for (auto& bin : curve) {
        if (bin.cases == 0) continue;
        bin.mean_probability /= static_cast<double>(bin.cases);
        bin.observed /= static_cast<double>(bin.cases);
    }
    return curve;
}

double expected_calibration_error(std::span<const Forecast> forecasts, std::size_t bins) {
    double error = 0;
    for (const auto& bin : reliability_curve(forecasts, bins))
        error += static_cast<double>(bin.cases) * std::abs(bin.mean_probability - bin.observed);
    return error / static_cast<double>(forecasts.size());
}

std::vector<LogisticCase> logit_cases(std::span<const Forecast> forecasts) {
    std::vector<LogisticCase> cases;
    for (const auto& forecast : forecasts) {
        const double p = std::clamp(forecast.probability, least_distance, 1 - least_distance);
        cases.push_back({std::log(p / (1 - p)), forecast.positive ? 1.0 : 0.0});
    }
    return cases;
}

CalibrationLine calibration_line(std::span<const Forecast> forecasts) {
    const auto line = fit_logistic(logit_cases(forecasts));
    return {line.intercept, line.slope};
}

}  // namespace hilum::statistics
