#include "store/retry_policy.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using namespace std::chrono_literals;

TEST(RetryPolicy, DoublesUpToTheLimitWithinTheSpread) {
    const RetryPolicy policy{1s, 8s};
    const Duration expected[] = {1s, 2s, 4s, 8s, 8s};
    for (int attempts = 1; attempts <= 5; ++attempts)
        for (int i = 0; i < 50; ++i) {
            const auto delay = policy.delay_after(attempts);
            EXPECT_GE(delay, expected[attempts - 1] * 8 / 10);
            EXPECT_LE(delay, expected[attempts - 1] * 12 / 10);
        }
}

TEST(RetryPolicy, SpreadsAsItsChanceSays) {
    const RetryPolicy policy{10s, 80s};
    EXPECT_EQ(policy.delay_after(1, 0), 8s);
    EXPECT_EQ(policy.delay_after(1, std::uint64_t{1} << 63), 10s);
    EXPECT_EQ(policy.delay_after(1, ~std::uint64_t{0}), 12s);
}

TEST(RetryPolicy, StaysFiniteAfterManyFailures) {
    const RetryPolicy policy{1s, 10min};
    EXPECT_LE(policy.delay_after(1'000'000), 12min);
}

TEST(RetryPolicy, AddsItsDelaysUp) {
    const RetryPolicy policy{1s, 8s};
    const Duration expected[] = {0s, 1s, 3s, 7s, 15s, 23s};
    for (int attempts = 0; attempts <= 5; ++attempts)
        EXPECT_EQ(policy.waited_after(attempts), expected[attempts]);
    EXPECT_EQ((RetryPolicy{10s, 1s}.waited_after(3)), Duration(3s));
}

}  // namespace
}  // namespace hilum
