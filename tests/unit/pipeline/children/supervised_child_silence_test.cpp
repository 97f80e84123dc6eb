// A child that gives no sign of life, in a simulated world.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "pipeline/children/supervised_child.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class SupervisedChildSilenceTest : public test::LaneTest {
  protected:
    SupervisedChild& child(Duration longest_start = 0s) {
        auto specified = specification("decoder");
        specified.longest_start = longest_start;
        child_ = std::make_unique<SupervisedChild>(
            world_, specified,
            SupervisedChild::Callbacks{[this](const Message&) { ++words_; },
                                       [this](const std::string& how) { ends_.push_back(how); },
                                       [this] { ++changes_; }});
        child_->start();
        return *child_;
    }

    std::unique_ptr<SupervisedChild> child_;
    std::vector<std::string> ends_;
    int words_ = 0, changes_ = 0;
};

TEST_F(SupervisedChildSilenceTest, AChildThatBeatsIsLeftAloneHoweverLongItWorks) {
    const auto& worker = child();
    run_for(1h);
    EXPECT_EQ(kills_, 0);
    EXPECT_EQ(worker.status().state, ChildState::running);
    EXPECT_EQ(worker.status().silences, 0);
}

TEST_F(SupervisedChildSilenceTest, AStoppedChildIsToldThenKilledThenStartedAgain) {
    const auto& stopped = child();
    run_for(30s);
    beats_ = false;
    const int changes_before = changes_;
    run_for(12s);
    EXPECT_EQ(kills_, 0) << "a machine may be busy";
    EXPECT_EQ(stopped.status().state, ChildState::silent);
    EXPECT_TRUE(stopped.silent());
    EXPECT_EQ(changes_, changes_before + 1);
    run_for(7s);
    beats_ = true;
    EXPECT_EQ(kills_, 1);
    EXPECT_THAT(ends_, testing::ElementsAre("gave no sign of life for 16s and was killed"));
    EXPECT_EQ(stopped.retry_after_end(), Retry::once_mended) << "a machine may be busy for long";
    run_for(1s);
    EXPECT_EQ(starts_, 2);
    EXPECT_EQ(stopped.status().state, ChildState::running);
    EXPECT_EQ(stopped.status().silences, 1);
    run_for(1min);
    EXPECT_EQ(kills_, 1) << "the next one begins anew";
}

TEST_F(SupervisedChildSilenceTest, AShortSilenceIsForgotten) {
    const auto& slow = child();
    run_for(30s);
    for (int i = 0; i < 20; ++i) {
        beats_ = false;
        run_for(11s);
        beats_ = true;
        run_for(5s);
        EXPECT_EQ(slow.status().state, ChildState::running);
    }
    EXPECT_EQ(kills_, 0);
}

TEST_F(SupervisedChildSilenceTest, AChildThatWasToldToStopAndDoesNotIsKilledToo) {
    auto& retired = child();
    run_for(30s);
    stops_reading_ = true;
    retired.stop();
    beats_ = false;
    run_for(21s);
    EXPECT_EQ(kills_, 1);
    EXPECT_FALSE(retired.running());
    run_for(1min);
    EXPECT_EQ(starts_, 1);
}

TEST_F(SupervisedChildSilenceTest, AChildThatNeverSaysThatItIsReadyIsKilled) {
    const auto& hanging = child(1min);
    run_for(58s);
    EXPECT_EQ(kills_, 0);
    run_for(4s);
    EXPECT_THAT(ends_, testing::ElementsAre("was not ready after 1min 0s and was killed"));
    EXPECT_EQ(hanging.status().silences, 1);
    say(Packet(nlohmann::json{{"type", "ready"}}));
    run_for(1h);
    EXPECT_EQ(words_, 1);
    EXPECT_EQ(kills_, 1) << "once it has spoken it may be quiet";
}

}  // namespace
}  // namespace hilum
