#include "evaluation/statistics/group_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hilum::statistics {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// By scipy.stats.fisher_exact.
TEST(GroupTests, FishersTestAsScipyHasIt) {
    EXPECT_NEAR(fisher_exact_p({3, 10}, {9, 10}), 0.019766611097880443, 1e-12);
    EXPECT_NEAR(fisher_exact_p({1, 9}, {11, 14}), 0.0027594561852200836, 1e-12);
    EXPECT_NEAR(fisher_exact_p({80, 100}, {150, 160}), 0.0011557504965498548, 1e-9);
    EXPECT_EQ(fisher_exact_p({0, 5}, {0, 7}), 1);
    EXPECT_EQ(fisher_exact_p({0, 0}, {3, 7}), 1);
}

// Fisher's lady tasting tea: 3 of 4 cups; 0.486 two-sided.
TEST(GroupTests, TheLadyTastingTea) {
    EXPECT_NEAR(fisher_exact_p({3, 4}, {1, 4}), 34.0 / 70, 1e-12);
}

// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02.
TEST(GroupTests, HolmAsRHasIt) {
    const double p[] = {0.01, 0.04, 0.03, 0.005};
    EXPECT_THAT(holm_adjusted(p), ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12),
                                              DoubleNear(0.06, 1e-12), DoubleNear(0.02, 1e-12)));
    const double large[] = {0.9, 0.8};
    EXPECT_THAT(holm_adjusted(large), ElementsAre(1, 1));
    EXPECT_TRUE(holm_adjusted({}).empty());
}

}  // namespace
}  // namespace hilum::statistics
