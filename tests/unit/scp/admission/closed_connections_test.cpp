#include "scp/admission/closed_connections.h"

#include <gtest/gtest.h>

namespace hilum::scp {
namespace {

using namespace std::chrono_literals;

TEST(ClosedConnections, AreToldOnceASecondForFewAddresses) {
    ClosedConnections closed;
    const MonotonicTime start{1h};
    for (int i = 0; i < 1000; ++i) closed.add("10.0.0.1", ConnectionClosing::address_limit);
    closed.add("10.0.0.1", ConnectionClosing::timeout);
    const auto first = closed.take(start);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0].count + first[1].count, 1001);
    for (int i = 0; i < 500; ++i) closed.add(std::to_string(i), ConnectionClosing::unlisted_limit);
    EXPECT_TRUE(closed.take(start + 999ms).empty());
    EXPECT_FALSE(closed.empty());
    const auto second = closed.take(start + 1s);
    EXPECT_EQ(second.size(), ClosedConnections::most_told + 1);
    std::int64_t all = 0, apart = 0;
    for (const auto& one : second) {
        all += one.count;
        apart += one.peer.empty() ? 0 : one.count;
    }
    EXPECT_EQ(all, 500);
    EXPECT_EQ(apart, static_cast<std::int64_t>(ClosedConnections::most_told));
    EXPECT_TRUE(closed.empty());
}

}  // namespace
}  // namespace hilum::scp
