#include "evaluation/figures/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/figures/figures_json.h"
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
    EXPECT_GT(labels[1].area->difference.value, 0.1);
    EXPECT_LT(labels[1].area->p, 0.001);
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
    EXPECT_EQ(labels[1].area->difference.value, 0);
    EXPECT_EQ(labels[1].area->p, 1);
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
    EXPECT_GT(drops[1].area->difference.value, 0.1);
    EXPECT_THAT(drops[1].words, HasSubstr("The model is worse there"));
    EXPECT_GT(drops[1].sensitivity, 0);
    const auto none = compare_sets(inside, made_set(60, 3, 3, "elsewhere")).value();
    EXPECT_THAT(none[1].words, HasSubstr("No difference is shown; one of up to"));
}

// Three labels, the third of which one image shows.
ScoredSet with_a_rare_label(const std::string& name) {
    auto set = made_set(90, 1, 3, name);
    set.labels.push_back("Mass");
    set.thresholds.push_back(0.5);
    for (auto& one : set.cases) {
        const bool mass = &one == &set.cases.back();
        if (mass) one.truth = {false, false};
        one.truth.push_back(mass);
        one.outputs.push_back(0);
        one.probabilities.push_back(0.1);
        one.positive.push_back(false);
    }
    return set;
}

TEST(Comparison, ARareLabelHasAReasonAndTheOthersTheirFigures) {
    const auto here = with_a_rare_label("here"), elsewhere = with_a_rare_label("elsewhere");
    const auto labels = compare_models(here, elsewhere).value();
    ASSERT_EQ(labels.size(), 3u);
    EXPECT_TRUE(labels[1].area);
    EXPECT_FALSE(labels[2].area);
    EXPECT_THAT(labels[2].why_not, HasSubstr("here has 1 images with it and 89 without"));
    EXPECT_THAT(labels[2].words, HasSubstr(labels[2].why_not));
    auto none = elsewhere;
    std::erase_if(none.cases, [](const ScoredCase& one) { return one.truth[2]; });
    const auto drops = compare_sets(made_set(90, 1, 3, "here"), none).value();
    ASSERT_EQ(drops.size(), 2u);  // the first has no such label
    const auto rare = compare_sets(here, none).value();
    EXPECT_TRUE(rare[0].area && rare[1].area);
    EXPECT_FALSE(rare[2].area);
    EXPECT_FALSE(rare[2].sensitivity);
    EXPECT_EQ(rare[2].specificity, 0);
    const auto json = to_json(rare[2]);
    EXPECT_EQ(json["why_not"], rare[2].why_not);
    EXPECT_FALSE(json.contains("area"));
    EXPECT_FALSE(json.contains("sensitivity_drop"));
}

TEST(Comparison, WhereNoLabelCanBeComparedSetAndLabelAreNamed) {
    const auto here = made_set(90, 1, 3, "here");
    auto healthy = made_set(90, 2, 3, "elsewhere");
    std::erase_if(healthy.cases, [](const ScoredCase& one) { return one.truth[1]; });
    const auto drops = compare_sets(here, healthy);
    ASSERT_FALSE(drops);
    EXPECT_EQ(drops.error().code, "too_few_cases");
    EXPECT_THAT(drops.error().message, HasSubstr("'Normal'"));
    EXPECT_THAT(drops.error().message, HasSubstr("elsewhere has 60 images with it and 0 without"));
    EXPECT_EQ(compare_models(healthy, healthy).error().code, "too_few_cases");
}

}  // namespace
}  // namespace hilum::evaluation
