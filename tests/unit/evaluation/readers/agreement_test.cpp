#include "evaluation/readers/agreement.h"

#include <gtest/gtest.h>

namespace hilum::readers {
namespace {

// The example of Fleiss' article as textbooks carry it: 10 subjects, 14 raters, 5 categories, kappa 0.210.
TEST(FleissKappa, IsThatOfThePublishedExample) {
    const std::vector<std::vector<std::int64_t>> counts{
        {0, 0, 0, 0, 14}, {0, 2, 6, 4, 2}, {0, 0, 3, 5, 6}, {0, 3, 9, 2, 0}, {2, 2, 8, 1, 1},
        {7, 7, 0, 0, 0},  {3, 2, 6, 3, 0}, {2, 5, 3, 2, 2}, {6, 5, 2, 1, 0}, {0, 2, 2, 3, 7}};
    const auto kappa = fleiss_kappa(counts).value();
    EXPECT_NEAR(kappa.value, 0.210, 5e-4);
    EXPECT_LT(kappa.interval.low, 0.210);
    EXPECT_GT(kappa.interval.high, 0.210);
}

TEST(FleissKappa, IsOneOfReadersWhoAlwaysAgree) {
    const auto kappa = fleiss_kappa({{3, 0}, {0, 3}, {3, 0}, {0, 3}}).value();
    EXPECT_DOUBLE_EQ(kappa.value, 1);
    EXPECT_DOUBLE_EQ(kappa.interval.low, 1);
}

TEST(FleissKappa, IsNoneWhereAllIsAlike) {
    EXPECT_FALSE(fleiss_kappa({{3, 0}, {3, 0}, {3, 0}}));
    EXPECT_FALSE(fleiss_kappa({{1, 2}}));
    EXPECT_FALSE(fleiss_kappa({}));
}

TEST(FleissKappa, HasNoIntervalWhereOneCaseIsAllThatDiffers) {
    const auto kappa = fleiss_kappa({{3, 0}, {3, 0}, {3, 0}, {2, 1}}).value();
    EXPECT_EQ(kappa.interval.low, -1);
    EXPECT_EQ(kappa.interval.high, 1);
}

}  // namespace
}  // namespace hilum::readers
