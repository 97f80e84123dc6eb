#include "evaluation/statistics/calibration_inference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hilum::statistics {
namespace {

struct Sample {
    std::vector<Forecast> forecasts;
    std::vector<std::string> patients;
};

// What is said is exp(tilt) times too extreme, and `shift` log odds too high.
Sample drawn(unsigned seed, int cases, double shift, double tilt) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> noise;
    Sample sample;
    for (int i = 0; i < cases; ++i) {
        const double logit = noise(random) - 0.5;
        const bool positive = std::uniform_real_distribution<>()(random) < 1 / (1 + std::exp(-logit));
        sample.forecasts.push_back({1 / (1 + std::exp(-(logit * tilt + shift))), positive});
        sample.patients.push_back(std::to_string(i / 2));
    }
    return sample;
}

// By numpy: the line by Newton's method, its covariance by the sandwich of whole patients.
TEST(CalibrationInference, FiguresAreThoseOfNumpy) {
    Sample sample;
    for (int i = 0; i < 60; ++i) {
        const double p = ((37 * i) % 97 + 1) / 99.0;
        sample.forecasts.push_back({p, ((53 * i + 11) % 101) / 101.0 < 0.25 + 0.5 * p});
        sample.patients.push_back(std::to_string(i / 2));
    }
    const auto test = test_calibration(sample.forecasts, sample.patients).value();
    const double z = normal_quantile();
    EXPECT_NEAR(test.slope.value, 0.04329355, 1e-6);
    EXPECT_NEAR((test.slope.interval.high - test.slope.value) / z, 0.16752372, 1e-6);
    EXPECT_NEAR(test.in_the_large.value, -0.2141930161722356, 1e-9);
    EXPECT_NEAR((test.in_the_large.interval.high - test.in_the_large.value) / z, 0.27412832716726476, 1e-9);
    EXPECT_NEAR(test.p, 7.486743046045565e-08, 1e-12);
}

TEST(CalibrationInference, FindsWhatIsSoAndHardlyEverWhatIsNot) {
    int shifted = 0, tilted = 0, false_alarms = 0, covered = 0;
    constexpr int rounds = 400;
    for (unsigned seed = 0; seed < rounds; ++seed) {
        const auto good = drawn(seed, 400, 0, 1), high = drawn(1000 + seed, 400, 0.5, 1),
                   sure = drawn(2000 + seed, 400, 0, 2);
        const auto of_good = test_calibration(good.forecasts, good.patients).value();
        false_alarms += of_good.p < 0.05;
        covered += of_good.slope.interval.low <= 1 && 1 <= of_good.slope.interval.high;
        shifted += test_calibration(high.forecasts, high.patients)->in_the_large.interval.high < 0;
        tilted += test_calibration(sure.forecasts, sure.patients)->slope.interval.high < 1;
    }
    EXPECT_LT(false_alarms, rounds * 0.09);
    EXPECT_GT(covered, rounds * 0.92);
    EXPECT_GT(shifted, rounds * 0.9);
    EXPECT_GT(tilted, rounds * 0.9);
}

TEST(CalibrationInference, WhatHasNoLineIsNamed) {
    auto sample = drawn(1, 100, 0, 1);
    for (auto& one : sample.forecasts) one.probability = 0.3;
    EXPECT_EQ(test_calibration(sample.forecasts, sample.patients).error().code, "no_line");
    for (auto& one : sample.forecasts) one.probability = one.positive ? 0.9 : 0.1;
    EXPECT_EQ(test_calibration(sample.forecasts, sample.patients).error().code, "no_line");
    for (auto& one : sample.forecasts) one.positive = false;
    EXPECT_EQ(test_calibration(sample.forecasts, sample.patients).error().code, "too_few_cases");
    EXPECT_EQ(test_calibration({}, {}).error().code, "too_few_cases");
    auto one_patient = drawn(1, 100, 0, 1);
    for (auto& patient : one_patient.patients) patient = "the same";
    EXPECT_EQ(test_calibration(one_patient.forecasts, one_patient.patients).error().code, "too_few_cases");
}

}  // namespace
}  // namespace hilum::statistics
