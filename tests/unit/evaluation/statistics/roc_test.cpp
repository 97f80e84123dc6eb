#include "evaluation/statistics/roc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hilum::statistics {
namespace {

using testing::DoubleNear;

// The area and DeLong's variance by their definitions, over all pairs.
struct ByPairs {
    double area = 0, variance = 0;
};

double above(double positive, double negative) {
    return positive > negative ? 1 : positive == negative ? 0.5 : 0;
}

double sample_variance(const std::vector<double>& values, double mean) {
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(values.size() - 1);
}

ByPairs by_pairs(const Scores& scores) {
    const double m = static_cast<double>(scores.positive.size());
    const double n = static_cast<double>(scores.negative.size());
    std::vector<double> of_positive, of_negative;
    double sum = 0;
    for (const double x : scores.positive) {
        double share = 0;
        for (const double y : scores.negative) share += above(x, y) / n;
        of_positive.push_back(share);
        sum += share;
    }
    for (const double y : scores.negative) {
        double share = 0;
        for (const double x : scores.positive) share += above(x, y) / m;
        of_negative.push_back(share);
    }
    const double area = sum / m;
    return {area, sample_variance(of_positive, area) / m + sample_variance(of_negative, area) / n};
}

Scores random_scores(unsigned seed, int positive, int negative, double levels) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise;
    Scores scores;
    const auto stepped = [&](double value) { return std::round(value * levels) / levels; };
    for (int i = 0; i < positive; ++i) scores.positive.push_back(stepped(noise(random) + 1));
    for (int i = 0; i < negative; ++i) scores.negative.push_back(stepped(noise(random)));
    return scores;
}

TEST(Roc, AreaOfAHandfulWithATie) {
    // Pairs: 3>1, 3>2, 2>1, 2=2, 4>1, 4>2: 5.5 of 6.
    EXPECT_DOUBLE_EQ(area_under_curve({{3, 2, 4}, {1, 2}}), 5.5 / 6);
    EXPECT_DOUBLE_EQ(area_under_curve({{1}, {2}}), 0);
    EXPECT_DOUBLE_EQ(area_under_curve({{7, 7}, {7, 7, 7}}), 0.5);
}

TEST(Roc, RanksSayWhatPairsSay) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        const auto scores = random_scores(seed, 5 + static_cast<int>(seed), 40, seed % 2 == 0 ? 2 : 1e6);
        const auto estimate = delong(scores).value();
        const auto expected = by_pairs(scores);
        EXPECT_NEAR(estimate.area.value, expected.area, 1e-12);
        EXPECT_NEAR(estimate.variance, expected.variance, 1e-12);
    }
}

TEST(Roc, CurveStartsAndEndsAtTheCornersAndMeetsTiesAtOnce) {
    const auto curve = roc_curve({{3, 2}, {2, 1}});
    ASSERT_EQ(curve.size(), 4u);
    EXPECT_EQ(curve[0].sensitivity, 0);
    EXPECT_EQ(curve[0].specificity, 1);
    EXPECT_EQ(curve[1].threshold, 3);
    EXPECT_EQ(curve[1].sensitivity, 0.5);
    EXPECT_EQ(curve[2].threshold, 2);
    EXPECT_EQ(curve[2].sensitivity, 1);
    EXPECT_EQ(curve[2].specificity, 0.5);
    EXPECT_EQ(curve[3].specificity, 0);
}

TEST(Roc, AComparisonWithItselfFindsNothing) {
    const auto scores = random_scores(3, 30, 50, 1e6);
    const auto comparison = compare_paired(scores, scores).value();
    EXPECT_EQ(comparison.difference.value, 0);
    EXPECT_EQ(comparison.p, 1);
}

TEST(Roc, PairedCasesTellMoreThanIndependentOnes) {
    auto first = random_scores(4, 60, 90, 1e6);
    auto second = first;
    std::mt19937 random(9);
    std::normal_distribution<double> noise(0, 0.4);
    for (auto* side : {&second.positive, &second.negative})
        for (double& score : *side) score += noise(random);
    const auto paired = compare_paired(first, second).value();
    const auto independent = compare_independent(first, second).value();
    EXPECT_EQ(paired.difference.value, independent.difference.value);
    EXPECT_LT(paired.p, independent.p);
    EXPECT_GT(paired.covariance, 0);
}

TEST(Roc, PerfectScoresHaveAnIntervalAllTheSame) {
    const auto estimate = delong({{5, 6, 7, 8}, {1, 2, 3, 4}}).value();
    EXPECT_EQ(estimate.area.value, 1);
    EXPECT_LT(estimate.area.interval.low, 0.5);
    EXPECT_EQ(estimate.area.interval.high, 1);
}

TEST(Roc, TooFewCasesAndUnpairedOnesAreNamed) {
    EXPECT_EQ(delong({{1}, {1, 2}}).error().code, "too_few_cases");
    EXPECT_EQ(compare_paired({{1, 2}, {1, 2}}, {{1, 2}, {1, 2, 3}}).error().code, "unpaired");
}

// The interval of a known area holds it about as often as it says.
TEST(Roc, IntervalsCover) {
    const double truth = 0.7602499389065233;  // of two normals one deviation apart: Phi(1 / sqrt 2)
    int covered = 0;
    constexpr int rounds = 1000;
    for (unsigned seed = 0; seed < rounds; ++seed) {
        const auto interval = delong(random_scores(1000 + seed, 30, 60, 1e9)).value().area.interval;
        covered += interval.low <= truth && truth <= interval.high;
    }
    EXPECT_GT(covered, 930);
    EXPECT_LT(covered, 975);
}

}  // namespace
}  // namespace hilum::statistics
