#include "evaluation/figures/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/evaluation/figures/made_set.h"

namespace hilum::evaluation {
namespace {

TEST(Measure, CountsCasesPatientsAndWhatWasNotAnalysed) {
    auto set = made_set(90, 1);
    set.unscored.push_back({{"side.dcm", "p", "", "LL", "", "", {}}, "view", "the view is LL"});
    const auto figures = measure(set).value();
    EXPECT_EQ(figures.cases, 90u);
    EXPECT_EQ(figures.patients, 45u);
    EXPECT_EQ(figures.unscored.at("view"), 1u);
    EXPECT_EQ(figures.labels[1].counts.positive(), 30);
    EXPECT_EQ(figures.labels[1].counts.negative(), 60);
    EXPECT_NEAR(figures.labels[1].prevalence, 1.0 / 3, 1e-12);
}

TEST(Measure, WhatIsIndeterminateLowersSensitivityAlone) {
    auto set = made_set(90, 1);
    for (auto& one : set.cases) one.positive = {false, false}, one.diagnosis = "indeterminate";
    const auto figures = measure(set, {.bootstrap_rounds = 0}).value();
    EXPECT_EQ(figures.labels[1].sensitivity->value, 0);
    EXPECT_EQ(figures.labels[1].specificity->value, 1);
    EXPECT_EQ(figures.determinate->value, 0);
    EXPECT_EQ(figures.accuracy->value, 0);
    EXPECT_FALSE(figures.accuracy_of_determinate);
    EXPECT_THAT(figures.answers, testing::ElementsAre("Normal", "Pneumonia", "indeterminate"));
    EXPECT_THAT(figures.confusion[1], testing::ElementsAre(0, 0, 30));
}

TEST(Measure, TheTwoOfAPairTellTheSame) {
    const auto figures = measure(made_set(300, 2), {.bootstrap_rounds = 200}).value();
    EXPECT_NEAR(figures.labels[0].area->value, figures.labels[1].area->value, 1e-12);
    EXPECT_NEAR(figures.labels[0].brier, figures.labels[1].brier, 1e-12);
}

TEST(Measure, BootstrapHoldsTheFigure) {
    const auto figures = measure(made_set(300, 3)).value();
    const auto& label = figures.labels[1];
    for (const auto& [one, by_patient] : {std::pair{label.area, label.area_by_patient},
                                          {label.sensitivity, label.sensitivity_by_patient},
                                          {label.specificity, label.specificity_by_patient}}) {
        EXPECT_EQ(one->value, by_patient->value);
        EXPECT_LT(by_patient->interval.low, one->value);
        EXPECT_GT(by_patient->interval.high, one->value);
    }
}

TEST(Measure, WithoutAPositiveCaseThereIsNoAreaAndNoSensitivity) {
    auto set = made_set(30, 4);
    std::erase_if(set.cases, [](const ScoredCase& one) { return one.truth[1]; });
    const auto figures = measure(set, {.bootstrap_rounds = 50}).value();
    EXPECT_FALSE(figures.labels[1].area);
    EXPECT_FALSE(figures.labels[1].area_by_patient);
    EXPECT_FALSE(figures.labels[1].sensitivity);
    EXPECT_FALSE(figures.labels[1].predictive);
    EXPECT_FALSE(figures.labels[1].calibration);
    EXPECT_TRUE(figures.labels[1].roc.empty());
    EXPECT_TRUE(figures.labels[1].specificity);
}

TEST(Measure, ConstantPredictionsTellNothing) {
    auto set = made_set(60, 5);
    for (auto& one : set.cases) one.probabilities = {0.5, 0.5};
    const auto figures = measure(set, {.bootstrap_rounds = 100}).value();
    EXPECT_EQ(figures.labels[1].area->value, 0.5);
    EXPECT_EQ(figures.labels[1].roc.size(), 2u);
    EXPECT_TRUE(std::isfinite(figures.labels[1].calibration->slope));
}

TEST(Measure, NoCaseAtAllIsNamed) {
    auto set = made_set(0, 1);
    EXPECT_EQ(measure(set).error().code, "too_few_cases");
}

TEST(Measure, DecisionCurveMeetsItsEnds) {
    const auto figures = measure(made_set(300, 6), {.bootstrap_rounds = 0}).value();
    const auto& curve = figures.labels[1].decisions;
    ASSERT_EQ(curve.size(), 99u);
    EXPECT_NEAR(curve.front().model, curve.front().all, 0.01);  // at 1 % nearly all are called
    EXPECT_GT(curve[32].model, std::max(curve[32].all, 0.0));   // at the prevalence it is worth something
}

}  // namespace
}  // namespace hilum::evaluation
