#include "evaluation/acceptance/site_thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "unit/evaluation/acceptance/acceptance_sets.h"

namespace hilum::evaluation {
namespace {

using statistics::Aim;
using testing::HasSubstr;

TEST(SiteThresholds, AreProvedOnPatientsThatTheyWereNotChosenOn) {
    const auto set = acceptance_set({.cases = 2000, .strength = 3});
    const auto all = site_thresholds(set, {Aim::Kind::sensitivity, 0.9}, 1).value();
    ASSERT_EQ(all.size(), 2u);
    for (const auto& one : all) {
        ASSERT_TRUE(one.chosen);
        EXPECT_GE(one.at_choice.sensitivity.value, 0.9);
        EXPECT_NEAR(one.sensitivity->value, 0.9, 0.05);
        EXPECT_GT(one.positive, 200);
    }
}

TEST(SiteThresholds, AnAimIsMissedAboutAsOftenAsAnIntervalMayBe) {
    int missed = 0;
    constexpr int rounds = 100;
    for (unsigned seed = 0; seed < rounds; ++seed)
        missed += site_thresholds(acceptance_set({.seed = seed}), {Aim::Kind::sensitivity, 0.85}, seed)
                      .value()[0]
                      .proof == SiteThreshold::Proof::missed;
    EXPECT_LT(missed, rounds * 0.2);  // chosen on few, so that it is a little too sure
}

TEST(SiteThresholds, TooFewAreSaid) {
    const auto all = site_thresholds(acceptance_set({.cases = 30}), {Aim::Kind::specificity, 0.9}, 1).value();
    EXPECT_FALSE(all[0].chosen);
    EXPECT_THAT(all[0].words, HasSubstr("10 are the least"));
    const auto yaml = thresholds_yaml(acceptance_set({}), all, "/models/triage", "an aim");
    EXPECT_THAT(yaml, HasSubstr("None is to be taken"));
    EXPECT_TRUE(YAML::Load(yaml).IsNull());
}

TEST(SiteThresholds, ExclusiveClassesHaveNone) {
    auto set = acceptance_set({});
    set.exclusive = true;
    EXPECT_EQ(site_thresholds(set, {}, 1).error().code, "calibration");
}

TEST(SiteThresholds, TheYamlHoldsWhatWasProved) {
    auto set = acceptance_set({.cases = 2000});
    set.labels[0] = "Pneumonia: \"left\"\nlobe";
    set.set = "a\nb";
    auto all = site_thresholds(set, {Aim::Kind::cost, 5, 0.1}, 1).value();
    all[1].proof = SiteThreshold::Proof::missed;
    all[0].proof = SiteThreshold::Proof::reached;
    const auto yaml =
        YAML::Load(thresholds_yaml(set, all, "/models/triage", words_of(Aim{Aim::Kind::cost, 5, 0.1})));
    ASSERT_EQ(yaml["models"].size(), 1u);
    EXPECT_EQ(yaml["models"][0]["package"].as<std::string>(), "/models/triage");
    const auto thresholds = yaml["models"][0]["thresholds"];
    ASSERT_EQ(thresholds.size(), 1u);
    EXPECT_EQ(thresholds[set.labels[0]].as<double>(), *all[0].chosen);
}

}  // namespace
}  // namespace hilum::evaluation
