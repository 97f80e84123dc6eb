#include "evaluation/acceptance/maker_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/evaluation/acceptance/acceptance_sets.h"

namespace hilum::evaluation {
namespace {

using testing::HasSubstr;

const std::vector<std::string> labels{"Pneumonia", "Effusion"};

TEST(MakerFigures, AreReadOfAnEvaluation) {
    const auto figures = parse_maker_figures(R"({"labels": [{"label": "Effusion", "area": {"value": 0.9,
        "interval": [0.86, 0.93]}, "counts": {"true_positive": 80, "false_negative": 20, "true_negative": 270,
        "false_positive": 30}}, {"label": 7}]})",
                                             "figures.json", labels)
                             .value();
    ASSERT_EQ(figures.labels.size(), 1u);
    const auto* effusion = figures.of("Effusion");
    EXPECT_EQ(*effusion->area, 0.9);
    EXPECT_NEAR(std::sqrt(*effusion->area_variance), 0.0177, 1e-3);
    EXPECT_EQ(*effusion->sensitivity, 0.8);
    EXPECT_EQ(*effusion->specificity, 0.9);
    EXPECT_EQ(figures.of("Pneumonia"), nullptr);
}

TEST(MakerFigures, AreReadOfAPackagesMetrics) {
    const auto figures = parse_maker_figures(R"({"held_out": {"classes": {"Pneumonia": {"auc": 0.95,
        "sensitivity": 0.9, "specificity": 0.8}, "Other": {"auc": 0.5}}, "confusion": [[45, 5], [20, 80]]}})",
                                             "metrics.json", labels)
                             .value();
    ASSERT_EQ(figures.labels.size(), 1u);
    const auto& one = figures.labels[0];
    EXPECT_EQ(one.found->trials, 50);
    EXPECT_EQ(one.found->successes, 45);
    EXPECT_EQ(one.spared->successes, 80);
    EXPECT_TRUE(one.area_variance);
}

TEST(MakerFigures, WhatIsNeitherIsRefused) {
    for (const char* text :
         {"", "{", "[]", "7", "{}", R"({"labels": []})", R"({"held_out": {"classes": []}})",
          R"({"held_out": {"confusion": [[1, 2]]}})"}) {
        const auto figures = parse_maker_figures(text, "file.json", labels);
        ASSERT_FALSE(figures) << text;
        EXPECT_EQ(figures.error().code, "maker_figures");
    }
}

// Newcombe 1998, table II (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339.
TEST(MakerFigures, ADropHasNewcombesInterval) {
    auto set = acceptance_set({.cases = 80});
    for (std::size_t i = 0; i < set.cases.size(); ++i) {
        set.cases[i].truth[0] = true;
        set.cases[i].positive[0] = i < 48;
    }
    MakerFigures maker{"paper", {{"Pneumonia", {}, {}, 0.8, {}, statistics::Share{56, 70}, {}}}};
    const auto drops = drops_from(maker, evaluated(set, {.bootstrap_rounds = 0}).value());
    ASSERT_EQ(drops.size(), 1u);
    EXPECT_NEAR(drops[0].difference->value, 0.2, 1e-12);
    EXPECT_NEAR(drops[0].difference->interval.low, 0.0524, 5e-5);
    EXPECT_NEAR(drops[0].difference->interval.high, 0.3339, 5e-5);
    EXPECT_TRUE(drops[0].worse);
    EXPECT_THAT(drops[0].words, HasSubstr("It is worse here."));
}

TEST(MakerFigures, WithoutNumbersNothingIsTested) {
    const auto set = evaluated(acceptance_set({}), {.bootstrap_rounds = 0}).value();
    MakerFigures maker{"paper", {{"Pneumonia", 0.999, {}, {}, {}, {}, {}}}};
    const auto drops = drops_from(maker, set);
    ASSERT_EQ(drops.size(), 1u);
    EXPECT_FALSE(drops[0].difference);
    EXPECT_FALSE(drops[0].worse);
    EXPECT_THAT(drops[0].words, HasSubstr("cannot be tested"));
}

}  // namespace
}  // namespace hilum::evaluation
