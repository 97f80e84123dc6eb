#include "evaluation/acceptance/local_calibration.h"

#include <gtest/gtest.h>

#include "unit/evaluation/acceptance/acceptance_sets.h"

namespace hilum::evaluation {
namespace {

using Advice = LocalCalibration::Advice;

TEST(LocalCalibrationAdvice, IsNoneWhereProbabilitiesHold) {
    int advised = 0;
    constexpr int rounds = 60;
    for (unsigned seed = 0; seed < rounds; ++seed)
        for (const auto& one : local_calibration(acceptance_set({.seed = seed}), 1))
            advised += one.advice == Advice::recalibrate;
    EXPECT_LT(advised, rounds * 0.1);
}

TEST(LocalCalibrationAdvice, IsGivenWhereTheyAreShiftedAndACorrectionHelps) {
    int advised = 0;
    constexpr int rounds = 40;
    for (unsigned seed = 0; seed < rounds; ++seed)
        advised += local_calibration(acceptance_set({.seed = seed, .shift = 1.5}), 1)[0].advice ==
                   Advice::recalibrate;
    EXPECT_GT(advised, rounds * 0.9);
    const auto one = local_calibration(acceptance_set({.shift = 1.5}), 1)[0];
    EXPECT_NE(one.words.find("too high on the whole"), std::string::npos) << one.words;
    EXPECT_GT(one.gain->interval.low, 0);
}

TEST(LocalCalibrationAdvice, IsRefusedInWordsOnAHandfulAndWhereItIsUpsideDown) {
    const auto few = local_calibration(acceptance_set({.cases = 12}), 1)[0];
    EXPECT_EQ(few.advice, Advice::cannot_be_told);
    EXPECT_NE(few.words.find("cannot be told"), std::string::npos);
    auto turned = acceptance_set({});
    for (auto& one : turned.cases) one.truth[0] = !one.truth[0];
    const auto upside_down = local_calibration(turned, 1)[0];
    EXPECT_EQ(upside_down.advice, Advice::not_shown);
    EXPECT_NE(upside_down.words.find("means less of the finding"), std::string::npos) << upside_down.words;
}

}  // namespace
}  // namespace hilum::evaluation
