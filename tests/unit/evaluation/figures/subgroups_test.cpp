#include "evaluation/figures/subgroups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/evaluation/figures/made_set.h"

namespace hilum::evaluation {
namespace {

TEST(Subgroups, EveryCaseIsInOneGroupOfAnAttribute) {
    const auto set = made_set(210, 1);
    std::map<std::string, std::size_t> cases;
    for (const auto& group : subgroups_of(set)) cases[group.attribute] += group.cases;
    EXPECT_THAT(cases, testing::ElementsAre(testing::Pair("age", 210), testing::Pair("manufacturer", 210),
                                            testing::Pair("sex", 210), testing::Pair("view", 210)));
}

TEST(Subgroups, AnAttributeWithOneValueMakesNone) {
    auto set = made_set(60, 1);
    for (auto& one : set.cases)
        one.facts = {one.facts.file, one.facts.patient, "here", "PA", "F", "Maker", 50};
    EXPECT_TRUE(subgroups_of(set).empty());
}

TEST(Subgroups, WhatIsNotKnownIsAGroup) {
    auto set = made_set(60, 1);
    for (auto& one : set.cases) one.facts.sex.clear();
    set.cases.front().facts.sex = "F";
    const auto groups = subgroups_of(set);
    const auto unknown = std::ranges::find_if(
        groups, [](const Subgroup& group) { return group.attribute == "sex" && group.value == "unknown"; });
    ASSERT_NE(unknown, groups.end());
    EXPECT_EQ(unknown->cases, 59u);
}

TEST(Subgroups, AFailingGroupShows) {
    auto set = made_set(400, 2);
    for (auto& one : set.cases)
        if (one.facts.view == "AP") std::swap(one.probabilities[0], one.probabilities[1]);
    for (const auto& group : subgroups_of(set)) {
        if (group.attribute != "view") continue;
        if (group.value == "AP")
            EXPECT_LT(group.labels[1].area->value, 0.5);
        else
            EXPECT_GT(group.labels[1].area->value, 0.75);
    }
}

TEST(Subgroups, AgeBands) {
    EXPECT_EQ(age_band(17.99), "under 18");
    EXPECT_EQ(age_band(18), "18 to 39");
    EXPECT_EQ(age_band(64.9), "40 to 64");
    EXPECT_EQ(age_band(79), "65 to 79");
    EXPECT_EQ(age_band(80), "80 and older");
    EXPECT_EQ(age_band(std::nullopt), "unknown");
}

}  // namespace
}  // namespace hilum::evaluation
