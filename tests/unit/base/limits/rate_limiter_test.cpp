#include "base/limits/rate_limiter.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, LetsABurstOfEachThroughAndThenOneATime) {
    RateLimiter limiter(3, 1s);
    const MonotonicTime start{};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.take("a", start));
    EXPECT_FALSE(limiter.take("a", start));
    EXPECT_TRUE(limiter.take("b", start));
    EXPECT_TRUE(limiter.take("a", start + 1s));
    EXPECT_FALSE(limiter.take("a", start + 1s));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.take("a", start + 1h));
    EXPECT_FALSE(limiter.take("a", start + 1h));
}

TEST(RateLimiter, MoreNamesThanItRemembersShareOneAllowance) {
    RateLimiter limiter(2, 1h);
    const MonotonicTime start{};
    int taken = 0;
    for (int i = 0; i < 30'000; ++i)
        if (limiter.take(std::to_string(i), start)) ++taken;
    EXPECT_LE(taken, 10'002);
    EXPECT_TRUE(limiter.take("new", start + 5h)) << "those that have their whole burst are forgotten";
}

}  // namespace
}  // namespace hilum
