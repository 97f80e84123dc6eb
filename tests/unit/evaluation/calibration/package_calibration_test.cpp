#include "evaluation/calibration/package_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/package/model_package.h"
#include "unit/evaluation/figures/made_set.h"

namespace hilum::evaluation {
namespace {

using testing::HasSubstr;

// Two classes whose logits are three times too large.
ScoredSet overconfident(int cases) {
    auto set = made_set(cases, 1, 2);
    for (auto& one : set.cases) one.outputs = {0, 3 * 2 * (one.outputs[1] - 0.35)};
    return set;
}

ScoredSet independent(int cases) {
    auto set = overconfident(cases);
    set.exclusive = false;
    for (auto& one : set.cases) one.outputs[0] = -one.outputs[1];
    return set;
}

const std::string yaml =
    "name: m\nversion: '1'\nfile: model.pt\nsha256: " + std::string(64, 'a') +
    "\ninput: {rows: 8, columns: 8, channels: 1, intensity: minmax, resize: stretch}\noutput:\n  activation: "
    "softmax\n"
    "  indeterminate_margin: 0.2\n  labels:\n    - {name: Normal}\n    - {name: Pneumonia, threshold: 0.4}\n";

TEST(PackageCalibration, EveryMethodMakesProbabilitiesHoldOnTheOtherHalf) {
    for (const char* method : {"temperature", "platt", "isotonic"}) {
        const auto fitted =
            fit_calibration(overconfident(2000), model::Activation::softmax, {method, {}, {}, 1});
        ASSERT_TRUE(fitted) << method << fitted.error().message;
        EXPECT_LT(fitted->gains[1].error_after, fitted->gains[1].error_before / 2) << method;
        EXPECT_LT(fitted->gains[1].brier_after, fitted->gains[1].brier_before) << method;
        EXPECT_EQ(fitted->calibration.set, "made up");
    }
}

TEST(PackageCalibration, HalvesArePatients) {
    auto set = overconfident(100);
    for (auto& one : set.cases) one.facts.patient = "the same";
    EXPECT_EQ(fit_calibration(set, model::Activation::softmax, {}).error().code, "too_few_cases");
    const auto fitted = fit_calibration(overconfident(100), model::Activation::softmax, {}).value();
    EXPECT_EQ(fitted.first_half + fitted.second_half, 100u);
    EXPECT_NEAR(static_cast<double>(fitted.first_half), 50, 2);
}

TEST(PackageCalibration, ThePackageReadsWhatIsWritten) {
    for (const char* method : {"temperature", "platt", "isotonic"}) {
        const auto fitted =
            fit_calibration(overconfident(2000), model::Activation::softmax, {method, 0.9, {}, 1}).value();
        const auto text = calibrated_yaml(yaml, fitted, "1.1").value();
        const auto loaded = model::parse_model_yaml(text, "/nowhere");
        for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text() << "\n" << text;
        EXPECT_EQ(loaded.package.version, "1.1");
        EXPECT_EQ(loaded.package.calibration.method, method);
        EXPECT_EQ(loaded.package.calibration.value, fitted.calibration.value);
        ASSERT_TRUE(loaded.package.prediction_sets);
        EXPECT_EQ(loaded.package.prediction_sets->least, fitted.sets->least);
        EXPECT_EQ(loaded.package.labels[1].threshold, 0.4);
    }
}

TEST(PackageCalibration, ThresholdsReachTheAimOfIndependentFindings) {
    const auto fitted =
        fit_calibration(independent(2000), model::Activation::sigmoid,
                        {"platt", {}, statistics::Aim{statistics::Aim::Kind::sensitivity, 0.95}, 1});
    ASSERT_TRUE(fitted) << fitted.error().message;
    ASSERT_EQ(fitted->thresholds.size(), 2u);
    EXPECT_GE(fitted->thresholds[1].sensitivity.value, 0.95);
    EXPECT_LT(fitted->thresholds[1].sensitivity.value, 0.97);
}

// Bounds of probabilities that are no more would call every image indeterminate.
TEST(PackageCalibration, SetsOfTheProbabilitiesBeforeGo) {
    auto with_sets = yaml;
    with_sets.replace(with_sets.find("  indeterminate_margin: 0.2\n"), 28,
                      "  prediction_sets:\n    coverage: 0.9\n    set: before\n    labels:\n"
                      "      - {name: Normal, least: 0.4}\n      - {name: Pneumonia, least: 0.45}\n");
    ASSERT_TRUE(model::parse_model_yaml(with_sets, "/nowhere").package.prediction_sets);
    const auto fitted =
        fit_calibration(overconfident(400), model::Activation::softmax, {"platt", {}, {}, 1}).value();
    const auto loaded = model::parse_model_yaml(calibrated_yaml(with_sets, fitted, "2").value(), "/nowhere");
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    EXPECT_FALSE(loaded.package.prediction_sets);
    EXPECT_EQ(loaded.package.indeterminate_margin, 0.1);  // the default says what is indeterminate
}

model::ModelPackage sigmoid_package() {
    auto text = yaml;
    text.replace(text.find("softmax"), 7, "sigmoid");
    text.replace(text.find("  indeterminate_margin: 0.2\n"), 28, "");
    return model::parse_model_yaml(text, "/nowhere").package;
}

TEST(PackageCalibration, ThresholdsMoveSoThatDecisionsStay) {
    auto package = sigmoid_package();
    ASSERT_EQ(package.labels.size(), 2u);
    const auto set = independent(400);
    const auto decisions = [&](const model::Calibration& calibration, double threshold) {
        std::vector<bool> positive;
        for (const auto& one : set.cases)
            positive.push_back(model::probabilities_of(calibration, model::Activation::sigmoid,
                                                       one.outputs)[1] >= threshold);
        return positive;
    };
    const std::vector<model::Calibration> before{
        {}, {"temperature", 3, "s"}, {"platt", 1, "s", {{2, 1}, {0.5, -1}}}};
    for (const auto& calibration : before)
        for (const char* method : {"temperature", "platt"}) {
            package.calibration = calibration;
            const auto fitted = fit_calibration(set, model::Activation::sigmoid, {method, {}, {}, 1}).value();
            const auto carried = carried_thresholds(package, fitted.calibration, set);
            ASSERT_EQ(carried.size(), 2u);
            EXPECT_EQ(carried[1].before, 0.4);
            EXPECT_NE(carried[1].after, 0.4);
            EXPECT_EQ(carried[1].changed, 0u) << calibration.method << " to " << method;
            EXPECT_EQ(decisions(fitted.calibration, carried[1].after), decisions(calibration, 0.4));
        }
}

// A level of an isotonic calibration is decided as one.
TEST(PackageCalibration, WhatAMovedThresholdDecidesOtherwiseIsCounted) {
    const auto package = sigmoid_package();
    const auto set = independent(400);
    model::Calibration level{"isotonic", 1, "s"};
    level.isotonic = {{{{0, 0.2}, {0.3, 0.2}, {0.9, 0.7}}}, {{{0.1, 0.2}, {0.8, 0.2}, {0.9, 0.7}}}};
    const auto carried = carried_thresholds(package, level, set);
    EXPECT_NEAR(carried[1].after, 0.2, 1e-12);
    std::size_t below = 0;
    for (const auto& one : set.cases) below += one.outputs[1] < model::log_odds(0.4);
    EXPECT_EQ(carried[1].changed, below);
}

TEST(PackageCalibration, MovedThresholdsAreWritten) {
    auto fitted = fit_calibration(independent(400), model::Activation::sigmoid, {"platt", {}, {}, 1}).value();
    const auto package = sigmoid_package();
    fitted.carried = carried_thresholds(package, fitted.calibration, independent(400));
    const auto loaded =
        model::parse_model_yaml(calibrated_yaml(package.yaml, fitted, "2").value(), "/nowhere");
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    EXPECT_EQ(loaded.package.labels[0].threshold, fitted.carried[0].after);
    EXPECT_EQ(loaded.package.labels[1].threshold, fitted.carried[1].after);
}

TEST(PackageCalibration, WhatDoesNotFitIsNamed) {
    EXPECT_THAT(
        fit_calibration(independent(100), model::Activation::sigmoid, {"platt", 0.9, {}, 1}).error().message,
        HasSubstr("choose thresholds instead"));
    EXPECT_THAT(
        fit_calibration(overconfident(100), model::Activation::softmax, {"platt", {}, statistics::Aim{}, 1})
            .error()
            .message,
        HasSubstr("choose a coverage instead"));
    EXPECT_THAT(fit_calibration(independent(100), model::Activation::none, {}).error().message,
                HasSubstr("use platt or isotonic"));
    EXPECT_THAT(fit_calibration(overconfident(20), model::Activation::softmax, {"temperature", 0.95, {}, 1})
                    .error()
                    .message,
                HasSubstr("needs 19 images of each class"));
    auto one_sided = overconfident(100);
    std::erase_if(one_sided.cases, [](const ScoredCase& one) { return one.truth[1]; });
    EXPECT_EQ(fit_calibration(one_sided, model::Activation::softmax, {"platt", {}, {}, 1}).error().code,
              "one_class");
    auto turned = overconfident(200);
    for (auto& one : turned.cases) one.truth = {one.truth[1], one.truth[0]};
    EXPECT_THAT(fit_calibration(turned, model::Activation::softmax, {"platt", {}, {}, 1}).error().message,
                HasSubstr("look at the labels"));
    EXPECT_EQ(calibrated_yaml("{", {}, "2").error().code, "configuration");
}

}  // namespace
}  // namespace hilum::evaluation
