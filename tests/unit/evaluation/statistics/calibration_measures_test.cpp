#include "evaluation/statistics/calibration_measures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hilum::statistics {
namespace {

std::vector<Forecast> drawn(double overconfidence, int count) {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> uniform;
    std::normal_distribution<double> normal;
    std::vector<Forecast> forecasts;
    for (int i = 0; i < count; ++i) {
        const double logit = normal(random);
        const bool positive = uniform(random) < 1 / (1 + std::exp(-logit));
        forecasts.push_back({1 / (1 + std::exp(-overconfidence * logit)), positive});
    }
    return forecasts;
}

TEST(CalibrationMeasures, AHandful) {
    const std::vector<Forecast> forecasts{{0.1, false}, {0.2, true}, {0.9, true}, {1.0, true}, {0.0, false}};
    EXPECT_NEAR(brier_score(forecasts), (0.01 + 0.64 + 0.01) / 5, 1e-12);
    const auto curve = reliability_curve(forecasts, 10);
    ASSERT_EQ(curve.size(), 10u);
    EXPECT_EQ(curve[0].cases, 2u);  // 0 and 0.1
    EXPECT_EQ(curve[1].cases, 1u);  // 0.2
    EXPECT_EQ(curve[8].cases, 1u);  // 0.9
    EXPECT_EQ(curve[9].cases, 1u);  // 1
    EXPECT_NEAR(expected_calibration_error(forecasts, 10), (2 * 0.05 + 0.8 + 0.1 + 0) / 5, 1e-12);
}

TEST(CalibrationMeasures, TheLineTellsOverconfidence) {
    const auto honest = calibration_line(drawn(1, 20000));
    EXPECT_NEAR(honest.slope, 1, 0.05);
    EXPECT_NEAR(honest.intercept, 0, 0.05);
    EXPECT_NEAR(calibration_line(drawn(2, 20000)).slope, 0.5, 0.03);
    EXPECT_LT(expected_calibration_error(drawn(1, 20000)), 0.015);
    EXPECT_GT(expected_calibration_error(drawn(3, 20000)), 0.1);
}

}  // namespace
}  // namespace hilum::statistics
