#include "pipeline/lanes/lane.h"

#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class WakeUpTest : public test::LaneTest {
  protected:
    Task<void> count(std::optional<Duration> limit) {
        for (;;) {
            if (limit)
                co_await wake_up_.wait_for(*limit);
            else
                co_await wake_up_.wait();
            ++woken_;
        }
    }

    WakeUp wake_up_{world_};
    int woken_ = 0;
    Tasks tasks_;
};

TEST_F(WakeUpTest, SetWhileNobodyWaitsIsSeenByTheNextWait) {
    wake_up_.set();
    wake_up_.set();
    tasks_.start(count(std::nullopt));
    EXPECT_EQ(woken_, 1);
}

TEST_F(WakeUpTest, WhoIsWokenGoesOnLaterAndOnce) {
    tasks_.start(count(std::nullopt));
    wake_up_.set();
    wake_up_.set();
    EXPECT_EQ(woken_, 0);
    run_for(1s);
    EXPECT_EQ(woken_, 1);
    wake_up_.set();
    run_for(1s);
    EXPECT_EQ(woken_, 2);
}

TEST_F(WakeUpTest, WaitsAMomentWhereTheTimeHasCome) {
    tasks_.start(count(-1h));
    run_for(100ms);
    EXPECT_GT(woken_, 0);
    EXPECT_LE(woken_, 10);
}

TEST_F(WakeUpTest, ACoroutineGoesWithItsOwner) {
    auto held = std::make_shared<int>(1);
    {
        Tasks owner;
        const auto waits = [](WakeUp& wake_up, std::shared_ptr<int> value) -> Task<void> {
            co_await wake_up.wait();
            *value = 2;
        };
        owner.start(waits(wake_up_, held));
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(*held, 1);
}

TEST_F(WakeUpTest, ACommitsResultIsAwaitedAndDoesNothingOnceItsCoroutineHasGone) {
    std::string result;
    const auto asks = [](CommitQueue& commits, std::string& kept) -> Task<void> {
        const auto work = [](Transaction&) { return std::string("kept, and longer than what fits inside"); };
        kept = (co_await committed(commits, work)).value();
    };
    {
        Tasks owner;
        owner.start(asks(commits_, result));
    }
    run_for(1s);
    EXPECT_EQ(result, "");
    tasks_.start(asks(commits_, result));
    run_for(1s);
    EXPECT_EQ(result, "kept, and longer than what fits inside");
}

TEST_F(WakeUpTest, WhatACoroutineThrowsComesToWhoeverAwaitsIt) {
    std::string caught;
    const auto throws = [](WakeUp& wake_up) -> Task<int> {
        co_await wake_up.wait();
        throw std::runtime_error("thrown");
    };
    const auto catches = [&](Task<int> task) -> Task<void> {
        try {
            co_await task;
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
    };
    tasks_.start(catches(throws(wake_up_)));
    wake_up_.set();
    run_for(1s);
    EXPECT_EQ(caught, "thrown");
    auto nobodys = throws(wake_up_);
    wake_up_.set();
    EXPECT_THROW(nobodys.start(), std::runtime_error);
}

}  // namespace
}  // namespace hilum
