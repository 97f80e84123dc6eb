#include "evaluation/acceptance/group_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/evaluation/acceptance/acceptance_sets.h"

namespace hilum::evaluation {
namespace {

TEST(GroupFindings, AGroupThatTheModelFailsIsNamed) {
    const auto findings = group_findings(acceptance_set({.cases = 1200, .weaker_ap = 2.5}));
    const auto worse = findings.worse();
    ASSERT_FALSE(worse.empty());
    for (const auto* one : worse) {
        EXPECT_EQ(one->attribute, "view");
        EXPECT_EQ(one->value, "AP");  // the one of the two that is worse
        EXPECT_LT(one->in_group, one->in_others);
        EXPECT_GE(one->adjusted, one->p);
        EXPECT_THAT(one->words, testing::HasSubstr("in view AP"));
    }
}

TEST(GroupFindings, ChanceNamesHardlyEverOne) {
    int named = 0;
    constexpr int rounds = 100;
    for (unsigned seed = 0; seed < rounds; ++seed)
        named += !group_findings(acceptance_set({.seed = seed})).worse().empty();
    EXPECT_LT(named, rounds * 0.1);
}

TEST(GroupFindings, TooFewAreSaidAndNotTested) {
    auto set = acceptance_set({.cases = 100});
    for (std::size_t i = 0; i < set.cases.size(); ++i) {
        set.cases[i].facts.site = i < 5 ? "north" : "south";
        set.cases[i].facts.view = set.cases[i].facts.sex = "";
        set.cases[i].facts.age_years.reset();
    }
    const auto findings = group_findings(set);
    EXPECT_TRUE(findings.tests.empty());
    EXPECT_EQ(findings.too_few.size(), 4u);
    EXPECT_THAT(findings.too_few[0], testing::HasSubstr("too few to test its sensitivity"));
    EXPECT_THAT(findings.words, testing::HasSubstr("No group was tested"));
    EXPECT_TRUE(group_findings({}).tests.empty());
}

}  // namespace
}  // namespace hilum::evaluation
