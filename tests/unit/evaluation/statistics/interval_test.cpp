#include "evaluation/statistics/interval.h"

#include <gtest/gtest.h>

namespace hilum::statistics {
namespace {

TEST(Interval, WilsonAsInTheTextbook) {
    // Newcombe, Statistics in Medicine 1998, table I, method 3: 81 of 263.
    const auto estimate = wilson(81, 263);
    EXPECT_NEAR(estimate.value, 0.3080, 5e-5);
    EXPECT_NEAR(estimate.interval.low, 0.2553, 5e-5);
    EXPECT_NEAR(estimate.interval.high, 0.3662, 5e-5);
    const auto rare = wilson(1, 29);  // the same table
    EXPECT_NEAR(rare.interval.low, 0.0061, 5e-5);
    EXPECT_NEAR(rare.interval.high, 0.1718, 5e-5);
}

TEST(Interval, WilsonStaysWithinBounds) {
    EXPECT_EQ(wilson(0, 20).interval.low, 0);
    EXPECT_NEAR(wilson(0, 20).interval.high, 0.1611, 5e-5);  // the same table
    EXPECT_EQ(wilson(20, 20).interval.high, 1);
}

TEST(Interval, ClopperPearsonAsInTheTextbook) {
    // Newcombe, the same table, method 5.
    const auto estimate = clopper_pearson(81, 263);
    EXPECT_NEAR(estimate.interval.low, 0.2527, 5e-5);
    EXPECT_NEAR(estimate.interval.high, 0.3676, 5e-5);
    EXPECT_NEAR(clopper_pearson(0, 20).interval.high, 0.1684, 5e-5);
    EXPECT_EQ(clopper_pearson(20, 20).interval.high, 1);
}

TEST(Interval, NormalQuantileAndP) {
    EXPECT_NEAR(normal_quantile(), 1.959963984540054, 1e-12);
    EXPECT_NEAR(two_sided_p(-1.959963984540054), 0.05, 1e-12);
    EXPECT_EQ(two_sided_p(0), 1);
}

}  // namespace
}  // namespace hilum::statistics
