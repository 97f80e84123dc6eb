#include "evaluation/statistics/conformal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace hilum::statistics {
namespace {

using testing::ElementsAre;

std::vector<LabelledProbabilities> drawn(std::mt19937& random, int count) {
    std::normal_distribution<double> noise;
    std::vector<LabelledProbabilities> cases;
    for (int i = 0; i < count; ++i) {
        const std::size_t truth = i % 5 == 0 ? 1 : 0;  // the second class is the rarer
        const double p = 1 / (1 + std::exp(-(noise(random) + (truth == 1 ? 1 : -1))));
        cases.push_back({{1 - p, p}, truth});
    }
    return cases;
}

TEST(Conformal, TheBoundIsTheRightOrderStatistic) {
    std::vector<LabelledProbabilities> cases;
    for (int i = 1; i <= 19; ++i) cases.push_back({{i / 20.0, 1 - i / 20.0}, 0});
    const auto sets = fit_conformal(cases, 2, 0.9).value();  // (19 + 1) * 0.1: the second smallest
    EXPECT_DOUBLE_EQ(sets.least[0], 0.1);
    EXPECT_DOUBLE_EQ(sets.least[1], 0);  // without a case it is never left out
    EXPECT_THAT(sets.set_of(std::vector{0.05, 0.95}), ElementsAre(1u));
    EXPECT_THAT(sets.set_of(std::vector{0.1, 0.9}), ElementsAre(0u, 1u));
}

TEST(Conformal, EachClassIsCoveredOverAThousandResamples) {
    std::mt19937 random(1);
    std::vector<double> held(2), all(2);
    for (int round = 0; round < 1000; ++round) {
        const auto sets = fit_conformal(drawn(random, 200), 2, 0.9).value();
        for (const auto& one : drawn(random, 50)) {
            const auto set = sets.set_of(one.probabilities);
            ++all[one.truth];
            held[one.truth] += std::ranges::find(set, one.truth) != set.end();
        }
    }
    for (std::size_t truth = 0; truth < 2; ++truth) {
        EXPECT_GE(held[truth] / all[truth], 0.895) << truth;  // 0.9, less what 10,000 cases leave to chance
        EXPECT_LE(held[truth] / all[truth], 0.935) << truth;  // 1 / (n + 1) more at most
    }
}

TEST(Conformal, FewCasesLeaveNothingOut) {
    EXPECT_EQ(cases_needed(0.9), 9u);
    EXPECT_EQ(cases_needed(0.95), 19u);
    std::vector<LabelledProbabilities> cases(8, {{0.9, 0.1}, 0});
    EXPECT_EQ(fit_conformal(cases, 2, 0.9)->least[0], 0);
    cases.push_back({{0.9, 0.1}, 0});
    EXPECT_EQ(fit_conformal(cases, 2, 0.9)->least[0], 0.9);
}

TEST(Conformal, WhatCannotBeFittedIsNamed) {
    EXPECT_EQ(fit_conformal({}, 2, 0.9).error().code, "too_few_cases");
    EXPECT_EQ(fit_conformal(std::vector<LabelledProbabilities>{{{1, 0}, 0}}, 2, 1).error().code, "coverage");
    EXPECT_EQ(fit_conformal(std::vector<LabelledProbabilities>{{{1, 0}, 0}}, 2, std::nan("")).error().code,
              "coverage");
}

}  // namespace
}  // namespace hilum::statistics
