#include "model/package/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/package/model_package.h"

namespace hilum::model {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

std::string yaml_with(const std::string& rest, const std::string& activation = "softmax") {
    return "name: m\nversion: '1'\nfile: model.pt\nsha256: " + std::string(64, 'a') +
           "\ninput: {rows: 8, columns: 8, channels: 1, intensity: minmax, resize: stretch}\noutput:\n  "
           "activation: " +
           activation + "\n  labels:\n    - {name: Normal}\n    - {name: Pneumonia}\n" + rest;
}

LoadedPackage loaded(const std::string& rest, const std::string& activation = "softmax") {
    return parse_model_yaml(yaml_with(rest, activation), "/nowhere");
}

std::string problems(const std::string& rest, const std::string& activation = "softmax") {
    std::string all;
    for (const auto& problem : loaded(rest, activation).problems) all += problem.text() + "\n";
    return all;
}

const std::string sets =
    "  prediction_sets:\n    coverage: 0.9\n    set: here\n    labels: [{name: Normal, least: 0.3}, {name: "
    "Pneumonia, least: 0.4}]\n";

InferenceResult said(const ModelPackage& package, double pneumonia) {
    return interpret_outputs(package, {0.0F, static_cast<float>(std::log(pneumonia / (1 - pneumonia)))})
        .value();
}

TEST(Calibration, PlattScalesLogOdds) {
    const auto package =
        loaded(
            "calibration: {method: platt, set: s, labels: [{name: Normal, slope: 2, intercept: 0}, "
            "{name: Pneumonia, slope: 2, intercept: 0}]}\n")
            .package;
    ASSERT_EQ(
        problems("calibration: {method: platt, set: s, labels: [{name: Normal, slope: 2, intercept: 0}, "
                 "{name: Pneumonia, slope: 2, intercept: 0}]}\n"),
        "");
    const auto result = said(package, 0.8);
    EXPECT_NEAR(result.labels[1].score, 0.8, 1e-6);
    EXPECT_NEAR(result.labels[1].probability, 16.0 / 17, 1e-6);
    EXPECT_NEAR(result.labels[0].probability, 1.0 / 17, 1e-6);
    EXPECT_TRUE(result.calibrated);
}

TEST(Calibration, ClassesAddUpAfterwards) {
    const Calibration calibration{"platt", 1, "s", {{1, 1}, {1, 1}}, {}};
    const auto p = calibrated(calibration, {0.5, 0.5}, true);
    EXPECT_THAT(p, ElementsAre(DoubleNear(0.5, 1e-12), DoubleNear(0.5, 1e-12)));
    EXPECT_GT(calibrated(calibration, {0.5, 0.5}, false)[0], 0.7)
        << "independent findings are left as they are";
}

TEST(Calibration, IsotonicIsReadAndApplied) {
    const std::string yaml =
        "calibration: {method: isotonic, set: s, labels: [{name: Normal, scores: [0, 1], probabilities: "
        "[0, 1]}, {name: Pneumonia, scores: [0.2, 0.6], probabilities: [0.1, 0.9]}]}\n";
    ASSERT_EQ(problems(yaml, "sigmoid"), "");
    const auto function = loaded(yaml, "sigmoid").package.calibration.isotonic[1];
    EXPECT_DOUBLE_EQ(function(0.1), 0.1);
    EXPECT_DOUBLE_EQ(function(0.4), 0.5);
    EXPECT_DOUBLE_EQ(function(0.9), 0.9);
}

TEST(Calibration, AllClassesImpossibleLeavesTheScores) {
    const Isotonic never{{{0, 0}}};
    const Calibration calibration{"isotonic", 1, "s", {}, {never, never}};
    EXPECT_THAT(calibrated(calibration, {0.25, 0.75}, true), ElementsAre(0.25, 0.75));
}

TEST(Calibration, MistakesAreNamed) {
    EXPECT_THAT(problems("calibration: {method: platt, set: s}\n"),
                HasSubstr("one for each of the 2 labels"));
    EXPECT_THAT(
        problems("calibration: {method: platt, set: s, labels: [{name: Pneumonia, slope: 1, intercept: 0}, "
                 "{name: Normal, slope: 1, intercept: 0}]}\n"),
        HasSubstr("must be 'Normal'"));
    EXPECT_THAT(
        problems("calibration: {method: platt, set: s, labels: [{name: Normal, slope: -1, intercept: 0}, "
                 "{name: Pneumonia, slope: 1, intercept: 0}]}\n"),
        HasSubstr("slope"));
    EXPECT_THAT(
        problems("calibration: {method: isotonic, set: s, labels: [{name: Normal, scores: [0.5, 0.5], "
                 "probabilities: [0, 1]}, {name: Pneumonia, scores: [0, 1], probabilities: [1, 0]}]}\n"),
        HasSubstr("scores must rise"));
    EXPECT_THAT(
        problems("calibration: {method: isotonic, set: s, labels: [{name: Normal, scores: [0.5], "
                 "probabilities: []}, {name: Pneumonia, scores: [0, 1], probabilities: [0, .nan]}]}\n"),
        HasSubstr("must be as many"));
    EXPECT_THAT(problems("calibration: {method: platt, value: 2, set: s, labels: []}\n"), HasSubstr("value"));
    EXPECT_THAT(problems(sets, "sigmoid"), HasSubstr("is for softmax"));
    EXPECT_THAT(problems(sets + "  indeterminate_margin: 0.1\n"), HasSubstr("keep one of them"));
}

TEST(PredictionSets, OneClassIsADiagnosisTwoAreNone) {
    ASSERT_EQ(problems(sets), "");
    const auto package = loaded(sets).package;
    EXPECT_EQ(said(package, 0.75).diagnosis, "Pneumonia");
    EXPECT_EQ(said(package, 0.2).diagnosis, "Normal");
    const auto both = said(package, 0.6);  // Normal has 0.4
    EXPECT_EQ(both.diagnosis, "indeterminate");
    EXPECT_TRUE(is_indeterminate(both));
    EXPECT_EQ(both.coverage, 0.9);
    EXPECT_EQ(both.set_size, 2);
    EXPECT_EQ(said(package, 0.75).set_size, 1);
    EXPECT_TRUE(both.labels[0].candidate && both.labels[1].candidate);
    EXPECT_FALSE(both.labels[0].positive || both.labels[1].positive);
}

// A class that is less probable than the top one is no diagnosis, though the top one is out of the set; and
// an empty set is none either.
TEST(PredictionSets, WhatIsUnlikeEitherClassIsIndeterminate) {
    auto package = loaded(sets).package;
    package.prediction_sets->least = {0.7, 0.3};
    const auto surprising = said(package, 0.4);  // Normal 0.6 is out, Pneumonia 0.4 is in
    EXPECT_EQ(surprising.diagnosis, "indeterminate");
    EXPECT_TRUE(surprising.labels[0].candidate && surprising.labels[1].candidate);
    EXPECT_EQ(surprising.set_size, 1);
    package.prediction_sets->least = {0.9, 0.9};
    const auto strange = said(package, 0.6);
    EXPECT_EQ(strange.diagnosis, "indeterminate");
    EXPECT_TRUE(strange.labels[0].candidate && strange.labels[1].candidate);
    EXPECT_EQ(strange.set_size, 0);
}

}  // namespace
}  // namespace hilum::model
