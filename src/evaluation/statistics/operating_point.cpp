#include "evaluation/statistics/operating_point.h"

#include <algorithm>
#include <cmath>

namespace hilum::statistics {
namespace {

double cost_of(const RocPoint& point, const Aim& aim) {
    return aim.value * aim.prevalence * (1 - point.sensitivity) +
           (1 - aim.prevalence) * (1 - point.specificity);
}

// The curve goes from few calls to many: of several that do, the first calls fewest.
std::vector<RocPoint>::const_iterator chosen(const std::vector<RocPoint>& curve, const Aim& aim) {
    constexpr double rounding = 1e-12;
    if (aim.kind == Aim::Kind::cost)
        return std::ranges::min_element(curve, [&](const auto& a, const auto& b) {
            return cost_of(a, aim) < cost_of(b, aim) - rounding;
        });
    if (aim.kind == Aim::Kind::sensitivity)
        return std::ranges::find_if(
            curve, [&](const RocPoint& point) { return point.sensitivity >= aim.value - rounding; });
    const auto too_many = std::ranges::find_if(
        curve, [&](const RocPoint& point) { return point.specificity < aim.value - rounding; });
    return std::prev(too_many);  // the first point has a specificity of 1
}

std::int64_t count_from(const std::vector<double>& scores, double threshold) {
    return std::ranges::count_if(scores, [&](double score) { return score >= threshold; });
}

}  // namespace

Result<OperatingPoint> operating_point(const Scores& scores, const Aim& aim, double level) {
    if (scores.positive.empty() || scores.negative.empty())
        return fail("too_few_cases", "{} positive and {} negative cases: a threshold needs both",
                    scores.positive.size(), scores.negative.size());
    const auto curve = roc_curve(scores);
    const auto point = chosen(curve, aim);
    if (point == curve.begin())
        return fail("out_of_reach", "no threshold does: every one that calls a case positive calls too many");
    const auto next = std::next(point);
    const double below = next == curve.end() ? std::max(0.0, point->threshold - 1e-6) : next->threshold;
    OperatingPoint result;
    result.threshold = (point->threshold + below) / 2;
    result.sensitivity =
        wilson(count_from(scores.positive, result.threshold), std::ssize(scores.positive), level);
    result.specificity = wilson(std::ssize(scores.negative) - count_from(scores.negative, result.threshold),
                                std::ssize(scores.negative), level);
    return result;
}

}  // namespace hilum::statistics
