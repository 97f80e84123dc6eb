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

// Of each figure that is judged: eight images of one patient that are answered alike tell what one tells.
TEST(Measure, BootstrapOfPatientsIsWiderThanImagesAlone) {
    const auto few = made_set(40, 5);
    auto set = few;
    set.cases.clear();
    for (std::size_t i = 0; i < 8 * few.cases.size(); ++i) {
        auto one = few.cases[i / 8];
        one.facts.file += "-" + std::to_string(i % 8);
        one.facts.patient = "patient" + std::to_string(i / 8);
        set.cases.push_back(std::move(one));
    }
    set.unscored.assign(80, {{"side.dcm", "another", "", "LL", "", "", {}}, "view", "the view is LL"});
    const MeasureSettings settings{.prevalence = 0.2, .bootstrap_rounds = 400};
    const auto figures = measure(set, settings).value();
    const auto& label = figures.labels[1];
    const auto width = [](const std::optional<statistics::Estimate>& one) {
        return one->interval.high - one->interval.low;
    };
    EXPECT_GT(width(figures.accuracy_by_patient), 1.3 * width(figures.accuracy));
    EXPECT_GT(width(figures.determinate_by_patient), 1.3 * width(figures.determinate));
    EXPECT_GT(width(label.ppv_by_patient), 1.3 * width(label.predictive->positive));
    EXPECT_GT(width(label.npv_by_patient), 1.3 * width(label.predictive->negative));
    EXPECT_EQ(figures.accuracy_by_patient->value, figures.accuracy->value);
    EXPECT_NEAR(label.ppv_by_patient->value, label.predictive->positive.value, 1e-12);
    EXPECT_NEAR(label.npv_by_patient->value, label.predictive->negative.value, 1e-12);
    const auto analysed = analysed_by_patient(set, {"one", "one"}, settings);
    EXPECT_EQ(analysed->value, 320.0 / 402);
    EXPECT_GT(width(analysed), 1.3 * width(statistics::wilson(320, 402)));
    EXPECT_FALSE(analysed_by_patient(set, {}, {.bootstrap_rounds = 0}));
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
