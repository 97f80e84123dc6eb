#include "base/heartbeat.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

namespace hilum {
namespace {

class HeartbeatTest : public testing::Test {
  protected:
    bool beats_within(std::chrono::seconds time) {
        const auto until = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < until) {
            if (has_beaten(ours_.get())) return true;
            std::this_thread::yield();
        }
        return false;
    }

    UniqueFd ours_ = make_heartbeat().value();
    UniqueFd theirs_{::dup(ours_.get())};
};

TEST_F(HeartbeatTest, TellsEachSideOfTheOther) {
    const Heartbeat heart(std::move(theirs_));
    EXPECT_FALSE(has_beaten(ours_.get()));
    EXPECT_FALSE(heart.is_unheard());
    heart.beat();
    heart.beat();
    EXPECT_TRUE(heart.is_unheard());
    EXPECT_TRUE(has_beaten(ours_.get()));
    EXPECT_FALSE(heart.is_unheard());
    EXPECT_FALSE(has_beaten(ours_.get())) << "not since it was last asked";
}

TEST_F(HeartbeatTest, NeverWaitsForSomebodyWhoDoesNotLook) {
    ASSERT_EQ(::eventfd_write(ours_.get(), ~eventfd_t{0} - 1), 0);  // as full as it can be
    const Heartbeat heart(std::move(theirs_));
    heart.beat();
    EXPECT_TRUE(has_beaten(ours_.get()));
}

TEST_F(HeartbeatTest, BeatsInVainWhereNobodyWatches) {
    const Heartbeat heart;
    heart.beat();
    EXPECT_FALSE(heart.is_unheard());
}

TEST_F(HeartbeatTest, AThreadBeatsAgainAndAgainUntilItsEnd) {
    {
        const BeatingThread beating{Heartbeat(std::move(theirs_))};
        EXPECT_TRUE(beats_within(std::chrono::seconds(10)));
        EXPECT_TRUE(beats_within(2 * Heartbeat::interval + std::chrono::seconds(10)));
    }
    (void)has_beaten(ours_.get());
    EXPECT_FALSE(beats_within(Heartbeat::interval + std::chrono::seconds(1)));
}

}  // namespace
}  // namespace hilum
