#include "evaluation/statistics/logistic_fit.h"

#include <algorithm>
#include <cmath>

namespace hilum::statistics {
namespace {

constexpr int most_steps = 100;
constexpr double least_gain = 1e-12;  // of the likelihood, relative
constexpr double ridge = 1e-12;       // keeps a curvature of nothing invertible

// -log likelihood; log(1 + exp(v)) without overflow.
double loss(std::span<const LogisticCase> cases, const LogisticLine& line) {
    double sum = 0;
    for (const auto& one : cases) {
        const double v = line.intercept + line.slope * one.x;
        sum += std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v))) - one.target * v;
    }
    return sum;
}

LogisticLine newton_step(std::span<const LogisticCase> cases, const LogisticLine& line) {
    double g0 = 0, g1 = 0, h00 = ridge, h01 = 0, h11 = ridge;
    for (const auto& one : cases) {
        const double p = 1 / (1 + std::exp(-(line.intercept + line.slope * one.x)));
        const double gap = p - one.target, weight = p * (1 - p);
        g0 += gap, g1 += gap * one.x;
        h00 += weight, h01 += weight * one.x, h11 += weight * one.x * one.x;
    }
    const double determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 0)) return {-g0 / h00, 0};
    return {-(h11 * g0 - h01 * g1) / determinant, -(h00 * g1 - h01 * g0) / determinant};
}

}  // namespace

LogisticLine fit_logistic(std::span<const LogisticCase> cases) {
    LogisticLine line;
    double now = loss(cases, line);
    for (int i = 0; i < most_steps; ++i) {
        const auto step = newton_step(cases, line);
        double share = 1, next = now;
        LogisticLine moved;
        for (; share > 1e-10; share /= 2) {
            moved = {line.intercept + share * step.intercept, line.slope + share * step.slope};
            next = loss(cases, moved);
            if (next < now) break;
        }
        if (!(next < now)) break;
        const double gain = now - next;
        line = moved;
        now = next;
        if (gain <= least_gain * (1 + std::abs(now))) break;
    }
    return line;
}

}  // namespace hilum::statistics
