#include "evaluation/statistics/calibrators.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hilum::statistics {
namespace {

TEST(Calibrators, TemperatureUndoesWhatWasMultiplied) {
    std::mt19937 random(2);
    std::normal_distribution<double> normal(0, 1.5);
    std::uniform_real_distribution<double> uniform;
    std::vector<LabelledLogits> cases;
    for (int i = 0; i < 20000; ++i) {
        std::vector<double> logits{normal(random), normal(random), normal(random)};
        double sum = 0;
        for (const double logit : logits) sum += std::exp(logit);
        double left = uniform(random) * sum;
        std::size_t truth = 0;
        while (truth < 2 && (left -= std::exp(logits[truth])) > 0) ++truth;
        for (double& logit : logits) logit *= 2.5;
        cases.push_back({logits, truth});
    }
    EXPECT_NEAR(fit_temperature(cases).value(), 2.5, 0.08);
}

TEST(Calibrators, PlattFindsTheLogisticCurve) {
    std::mt19937 random(3);
    std::normal_distribution<double> normal(0, 2);
    std::uniform_real_distribution<double> uniform;
    std::vector<LabelledScore> cases;
    for (int i = 0; i < 20000; ++i) {
        const double score = normal(random);
        cases.push_back({score, uniform(random) < 1 / (1 + std::exp(-(0.7 * score - 1)))});
    }
    const auto platt = fit_platt(cases).value();
    EXPECT_NEAR(platt.slope, 0.7, 0.03);
    EXPECT_NEAR(platt.intercept, -1, 0.05);
    EXPECT_NEAR(platt(1 / 0.7), 0.5, 0.02);
}

TEST(Calibrators, PlattOfSeparatedCasesStaysFinite) {
    const auto platt =
        fit_platt(std::vector<LabelledScore>{{0.1, false}, {0.2, false}, {0.8, true}, {0.9, true}});
    EXPECT_TRUE(std::isfinite(platt->slope));
    EXPECT_GT((*platt)(0.9), 0.6);
    EXPECT_LT((*platt)(0.9), 1);
}

TEST(Calibrators, IsotonicPoolsViolators) {
    // Means: 1 -> 0, 2 and 3 pooled to 0.5, 4 -> 1.
    const std::vector<LabelledScore> cases{{1, false}, {2, true}, {3, false}, {4, true}};
    const auto function = fit_isotonic(cases).value();
    EXPECT_DOUBLE_EQ(function(0), 0);
    EXPECT_DOUBLE_EQ(function(1), 0);
    EXPECT_DOUBLE_EQ(function(1.5), 0.25);
    EXPECT_DOUBLE_EQ(function(2), 0.5);
    EXPECT_DOUBLE_EQ(function(2.7), 0.5);
    EXPECT_DOUBLE_EQ(function(3), 0.5);
    EXPECT_DOUBLE_EQ(function(9), 1);
}

TEST(Calibrators, IsotonicMeansOfEqualScores) {
    const std::vector<LabelledScore> cases{{1, false}, {1, true}, {1, true}, {1, true}, {2, true}};
    EXPECT_DOUBLE_EQ(fit_isotonic(cases).value()(1), 0.75);
}

TEST(Calibrators, NothingAndOneClassAreNamed) {
    EXPECT_EQ(fit_platt({}).error().code, "too_few_cases");
    EXPECT_EQ(fit_isotonic(std::vector<LabelledScore>{{1, true}, {2, true}}).error().code, "one_class");
    EXPECT_EQ(fit_temperature(std::vector<LabelledLogits>{{{1, 2}, 1}}).error().code, "one_class");
}

}  // namespace
}  // namespace hilum::statistics
