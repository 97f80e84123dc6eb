#include "pipeline/events/event_limiter.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using namespace std::chrono_literals;

TEST(EventLimiter, LetsABurstOfEachSortThroughAndThenOneAMinute) {
    EventLimiter limiter({20, 1min}, {1000, 1s});
    const MonotonicTime start{};
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(limiter.judge("a", start).audited) << i;
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(limiter.judge("a", start).audited);
    EXPECT_FALSE(limiter.judge("a", start, 10).audited);
    EXPECT_TRUE(limiter.judge("b", start).audited);
    const auto later = limiter.judge("a", start + 1min);
    EXPECT_TRUE(later.audited);
    EXPECT_EQ(later.left_out, 15);
    EXPECT_FALSE(limiter.judge("a", start + 1min).audited);
    EXPECT_TRUE(limiter.judge("a", start + 48h).audited);
}

TEST(EventLimiter, OfManySortsTheBurstOfAllIsTheLimit) {
    EventLimiter limiter({20, 1min}, {100, 10s});
    const MonotonicTime start{};
    int audited = 0;
    for (int i = 0; i < 20'000; ++i)
        if (limiter.judge(std::to_string(i), start).audited) ++audited;
    EXPECT_EQ(audited, 100);
    EXPECT_TRUE(limiter.has_left_out());
    const auto left_out = limiter.take_left_out(5);
    ASSERT_EQ(left_out.size(), 6U);
    std::int64_t all = 0;
    for (const auto& one : left_out) all += one.count;
    EXPECT_EQ(all, 19'900) << "none is forgotten";
    EXPECT_FALSE(limiter.has_left_out());
}

TEST(EventLimiter, WhatIsToldIsNotToldAgain) {
    EventLimiter limiter({1, 1min}, {100, 1s});
    const MonotonicTime start{};
    limiter.judge("a", start);
    limiter.judge("a", start, 7);
    const auto left_out = limiter.take_left_out(5);
    ASSERT_EQ(left_out.size(), 1U);
    EXPECT_EQ(left_out[0].sort, "a");
    EXPECT_EQ(left_out[0].count, 7);
    EXPECT_EQ(limiter.judge("a", start + 1h).left_out, 0);
}

}  // namespace
}  // namespace hilum
