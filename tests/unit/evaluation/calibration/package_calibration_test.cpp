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
