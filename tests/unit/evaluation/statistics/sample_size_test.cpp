#include "evaluation/statistics/sample_size.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "evaluation/statistics/roc.h"

namespace hilum::statistics {
namespace {

// Obuchowski, Lieber and Wians (Clinical Chemistry 2004), table 4: one-sided 5 %, power 0.9, against an area
// of 0.5; cases with and without the finding. Three cells of the paper are one off what its formula gives;
// they are left out, as is what the paper raises to 10 cases.
TEST(SampleSize, ObuchowskisTable) {
    struct Row {
        double ratio, area;
        std::int64_t positive, negative;
    };
    const Row rows[] = {{0.25, 0.6, 334, 84}, {0.25, 0.7, 80, 20}, {0.5, 0.6, 202, 101}, {0.5, 0.7, 49, 25},
                        {1, 0.6, 135, 135},   {1, 0.7, 33, 33},    {1, 0.8, 14, 14},     {2, 0.6, 102, 203},
                        {2, 0.7, 25, 50},     {4, 0.6, 85, 340},   {4, 0.7, 21, 84}};
    for (const auto& row : rows) {
        const auto needed = cases_for_area(0.5, row.area, row.ratio, {0.9, 0.1});
        EXPECT_EQ(needed.positive, row.positive) << row.ratio << " " << row.area;
        EXPECT_EQ(needed.negative, row.negative) << row.ratio << " " << row.area;
    }
}

// pROC's power.roc.test, whose own tests have these figures: 41 and 72 cases, an area of 0.73 against 0.5.
TEST(SampleSize, PowerIsThatOfProc) {
    EXPECT_NEAR(power_of_area(0.5, 0.73, {41, 72}), 0.9897453, 1e-3);
    EXPECT_EQ(power_of_area(0.9, 0.8, {0, 72}), 0);
}

// Hanley and McNeil 1982: 51 abnormal and 58 normal images, an area of 0.893 with a standard error of 0.032.
TEST(SampleSize, HanleyAndMcNeilsExample) {
    EXPECT_NEAR(std::sqrt(hanley_mcneil_variance(0.893, 51, 58)), 0.032, 1e-3);
}

// Phi^-1(area) sqrt 2: how far apart two normals of one deviation are.
Scores drawn(std::mt19937_64& random, const CasesNeeded& cases, double apart) {
    std::normal_distribution<double> noise;
    Scores scores;
    for (std::int64_t i = 0; i < cases.positive; ++i) scores.positive.push_back(noise(random) + apart);
    for (std::int64_t i = 0; i < cases.negative; ++i) scores.negative.push_back(noise(random));
    return scores;
}

// The planned test (the area against what is expected, with its variance there) finds the drop at least as
// often as was planned: Obuchowski's variance is one of ratings, and a little large for scores without steps.
// DeLong's interval on the logit scale, which the reports have, finds it no less often.
TEST(SampleSize, PlannedPowerOfAnAreaIsWhatSimulationsFind) {
    const double expected = 0.90, actual = 0.82;
    const auto needed = cases_for_area(expected, actual, 3, {0.8, 0.05});
    const double deviation = std::sqrt(area_variance(expected, 3) / static_cast<double>(needed.positive));
    const double apart_expected = 1.2815515655446004 * std::sqrt(2.0);
    const double apart_actual = 0.9153650878428138 * std::sqrt(2.0);
    std::mt19937_64 random(5);
    int found = 0, found_by_interval = 0, false_alarms = 0, false_by_interval = 0;
    constexpr int draws = 2000;
    for (int draw = 0; draw < draws; ++draw) {
        const auto worse = delong(drawn(random, needed, apart_actual))->area;
        const auto same = delong(drawn(random, needed, apart_expected))->area;
        found += worse.value < expected - normal_quantile() * deviation;
        found_by_interval += worse.interval.high < expected;
        false_alarms += same.value < expected - normal_quantile() * deviation;
        false_by_interval += same.interval.high < expected;
    }
    EXPECT_GT(found, draws * 0.78);
    EXPECT_LT(found, draws * 0.90);
    EXPECT_GT(found_by_interval, found);
    EXPECT_LT(false_alarms, draws * 0.05);
    EXPECT_LT(false_by_interval, draws * 0.06);
}

// The numbers by scipy.stats.binom, counted down from 6000.
TEST(SampleSize, ExactBinomialAsScipyHasIt) {
    EXPECT_EQ(cases_for_proportion(0.95, 0.90, {0.8, 0.05}), 234);
    EXPECT_EQ(cases_for_proportion(0.95, 0.85, {0.9, 0.05}), 100);
    EXPECT_EQ(cases_for_proportion(0.90, 0.80, {0.8, 0.05}), 111);
    EXPECT_EQ(cases_for_proportion(0.80, 0.70, {0.9, 0.05}), 207);
    EXPECT_EQ(cases_for_proportion(0.99, 0.95, {0.8, 0.05}), 134);
    EXPECT_NEAR(power_of_proportion(0.95, 0.90, 234), 0.800144028511893, 1e-9);
    EXPECT_EQ(power_of_proportion(0.95, 0.90, 1), 0);
    EXPECT_EQ(power_of_proportion(0.95, 0.90, 0), 0);
}

TEST(SampleSize, PlannedPowerOfAProportionIsWhatSimulationsFind) {
    const auto cases = cases_for_proportion(0.9, 0.8, {0.8, 0.05});
    std::mt19937_64 random(6);
    std::binomial_distribution<std::int64_t> worse(cases, 0.8), same(cases, 0.9);
    int found = 0, false_alarms = 0;
    constexpr int draws = 2000;
    for (int draw = 0; draw < draws; ++draw) {
        found += clopper_pearson(worse(random), cases).interval.high < 0.9;
        false_alarms += clopper_pearson(same(random), cases).interval.high < 0.9;
    }
    EXPECT_NEAR(found / double{draws}, power_of_proportion(0.9, 0.8, cases), 0.03);
    EXPECT_LT(false_alarms, draws * 0.025 + 20);
}

TEST(SampleSize, SmallDropsTakeMoreCases) {
    EXPECT_GT(cases_for_area(0.9, 0.88, 5).positive, 4 * cases_for_area(0.9, 0.84, 5).positive);
    EXPECT_GT(cases_for_proportion(0.9, 0.89), 4 * cases_for_proportion(0.9, 0.87));
}

}  // namespace
}  // namespace hilum::statistics
