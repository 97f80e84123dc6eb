#include "evaluation/figures/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/evaluation/figures/made_set.h"

namespace hilum::evaluation {
namespace {

using testing::HasSubstr;

TEST(Comparison, ABetterModelIsFoundBetter) {
    const auto good = made_set(300, 1, 3);
    auto bad = made_set(300, 1, 3);
    std::mt19937 random(1);
    std::normal_distribution<double> noise(0, 3);
    for (auto& one : bad.cases) {
        const double p = 1 / (1 + std::exp(-(one.outputs[1] + noise(random))));
        one.probabilities = {1 - p, p};
        one.positive = {p < 0.5, p >= 0.5};
    }
    bad.model = "bad";
    const auto labels = compare_models(good, bad).value();
    ASSERT_EQ(labels.size(), 2u);
    EXPECT_GT(labels[1].area.difference.value, 0.1);
    EXPECT_LT(labels[1].area.p, 0.001);
    EXPECT_GT(labels[1].among_positive.first_alone, labels[1].among_positive.second_alone);
    EXPECT_LT(labels[1].sensitivity.p, 0.05);
    EXPECT_THAT(labels[1].words, HasSubstr("demo 1.0.0 tells the finding better"));
}

TEST(Comparison, OrderOfCasesDoesNotMatterAndMissingOnesAreLeftOut) {
    const auto first = made_set(100, 1);
    auto second = first;
    std::ranges::reverse(second.cases);
    second.cases.resize(80);
    const auto labels = compare_models(first, second).value();
    EXPECT_EQ(labels[1].area.difference.value, 0);
    EXPECT_EQ(labels[1].area.p, 1);
}

TEST(Comparison, WhatCannotBeComparedIsNamed) {
    const auto first = made_set(20, 1);
    auto other = first;
    for (auto& one : other.cases) one.facts.file += "x";
    EXPECT_EQ(compare_models(first, other).error().code, "unpaired");
    auto relabelled = first;
    relabelled.labels = {"A", "B"};
    EXPECT_EQ(compare_models(first, relabelled).error().code, "unpaired");
    auto disagreeing = first;
    disagreeing.cases[3].truth = {!disagreeing.cases[3].truth[0], !disagreeing.cases[3].truth[1]};
    EXPECT_THAT(compare_models(first, disagreeing).error().message, HasSubstr("case3"));
}

TEST(Comparison, ADropElsewhereIsSaid) {
    const auto inside = made_set(400, 1, 3), outside = made_set(200, 2, 0.5, "elsewhere");
    const auto drops = compare_sets(inside, outside).value();
    EXPECT_GT(drops[1].area.difference.value, 0.1);
    EXPECT_THAT(drops[1].words, HasSubstr("The model is worse there"));
    EXPECT_GT(drops[1].sensitivity, 0);
    const auto none = compare_sets(inside, made_set(60, 3, 3, "elsewhere")).value();
    EXPECT_THAT(none[1].words, HasSubstr("No difference is shown; one of up to"));
}

}  // namespace
}  // namespace hilum::evaluation
