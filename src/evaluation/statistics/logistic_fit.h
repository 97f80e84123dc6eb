// Logistic regression on one variable, which Platt's scaling and the calibration line are.
#pragma once

#include <span>

namespace hilum::statistics {

struct LogisticCase {
    double x = 0;
    double target = 0;  // 0 to 1; smoothed ones are allowed
};

struct LogisticLine {
    double intercept = 0, slope = 0;  // P(1) = 1 / (1 + exp(-(intercept + slope x)))
};

// Maximum likelihood by Newton's method with step halving. Where a line tells the targets apart without a
// mistake, the slope has no end: it stops where the likelihood no longer grows.
LogisticLine fit_logistic(std::span<const LogisticCase> cases);

}  // namespace hilum::statistics
