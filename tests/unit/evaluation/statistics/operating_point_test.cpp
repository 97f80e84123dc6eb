#include "evaluation/statistics/operating_point.h"

#include <gtest/gtest.h>

namespace hilum::statistics {
namespace {

using Kind = Aim::Kind;

const Scores scores{{0.9, 0.8, 0.6, 0.3}, {0.7, 0.5, 0.4, 0.2, 0.1}};

TEST(OperatingPoint, SensitivityIsReachedWithFewestFalseAlarms) {
    const auto point = operating_point(scores, {Kind::sensitivity, 0.75}).value();
    EXPECT_NEAR(point.threshold, 0.55, 1e-12);
    EXPECT_DOUBLE_EQ(point.sensitivity.value, 0.75);
    EXPECT_DOUBLE_EQ(point.specificity.value, 0.8);
    EXPECT_NEAR(operating_point(scores, {Kind::sensitivity, 1})->threshold, 0.25, 1e-12);
}

TEST(OperatingPoint, SpecificityIsKeptWithMostCasesFound) {
    const auto point = operating_point(scores, {Kind::specificity, 0.8}).value();
    EXPECT_DOUBLE_EQ(point.specificity.value, 0.8);
    EXPECT_DOUBLE_EQ(point.sensitivity.value, 0.75);
    EXPECT_DOUBLE_EQ(operating_point(scores, {Kind::specificity, 1})->sensitivity.value, 0.5);
}

TEST(OperatingPoint, CostWeighsMissedCases) {
    EXPECT_DOUBLE_EQ(operating_point(scores, {Kind::cost, 100})->sensitivity.value, 1);
    EXPECT_DOUBLE_EQ(operating_point(scores, {Kind::cost, 0.5})->specificity.value, 1);
}

TEST(OperatingPoint, OutOfReachAndTooFewAreNamed) {
    EXPECT_EQ(operating_point({{0.5}, {0.9, 0.1}}, {Kind::specificity, 1}).error().code, "out_of_reach");
    EXPECT_EQ(operating_point({{}, {0.9}}, {}).error().code, "too_few_cases");
}

TEST(OperatingPoint, ConstantScoresCallAllOrNone) {
    const auto point = operating_point({{0.5, 0.5}, {0.5}}, {Kind::sensitivity, 0.9}).value();
    EXPECT_LE(point.threshold, 0.5);
    EXPECT_EQ(point.sensitivity.value, 1);
    EXPECT_EQ(point.specificity.value, 0);
}

}  // namespace
}  // namespace hilum::statistics
