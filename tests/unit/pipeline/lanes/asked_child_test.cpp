#include "pipeline/lanes/asked_child.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "contract/messages/composing.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class AskedChildTest : public test::LaneTest, protected AskedChild::Owner {
  protected:
    AskedChildTest() { child_.start(specification("composer")); }
    void child_changed() override {}
    bool child_says(Message& message) override { return packet_type(message) == "aside"; }

    Task<void> ask_it(std::int64_t job) {
        ComposeRequest request;
        request.job = job;
        const auto is_answer = [job](const ComposeReply& reply) { return reply.job == job; };
        reply_ = co_await ask<ComposeReply>(child_, request, UniqueFd(), 10s, is_answer);
    }
    Act composes(std::int64_t job) {
        return answers([job](const Message&) {
            ComposeReply reply;
            reply.job = job;
            return to_packet(reply);
        });
    }
    void ask_and_run(Duration time = 5s) {
        tasks_.start(ask_it(7));
        run_for(time);
    }
    void expect_death(const char* why) {
        ASSERT_TRUE(reply_.has_value());
        ASSERT_FALSE(reply_->has_value());
        EXPECT_EQ(reply_->error().code, "process_died");
        EXPECT_EQ(reply_->error().retry, Retry::later);
        EXPECT_THAT(reply_->error().message, testing::HasSubstr(why));
    }

    AskedChild child_{world_, *this};
    std::optional<Result<ComposeReply>> reply_;
    Tasks tasks_;
};

TEST_F(AskedChildTest, Answers) {
    acts_ = {composes(7)};
    ask_and_run();
    ASSERT_TRUE(reply_ && *reply_);
    EXPECT_EQ((*reply_)->job, 7);
    EXPECT_EQ(kills_, 0);
}

TEST_F(AskedChildTest, IsNotAskedOnceItWasStopped) {
    child_.stop();
    EXPECT_FALSE(child_.can_be_asked());
    ask_and_run();
    ASSERT_TRUE(reply_.has_value());
    EXPECT_EQ(reply_->error().retry, Retry::once_mended);
    EXPECT_EQ(kills_, 0) << "it ends by itself";
    EXPECT_TRUE(heard_.empty());
}

TEST_F(AskedChildTest, TellsThatItDied) {
    acts_ = {dies()};
    ask_and_run();
    expect_death("the composer process killed by signal 11");
}

TEST_F(AskedChildTest, IsKilledWhereItDoesNotAnswerInTime) {
    ask_and_run(9s);
    EXPECT_FALSE(reply_.has_value());
    run_for(2s);
    EXPECT_EQ(kills_, 1);
    expect_death("made no progress for too long");
}

TEST_F(AskedChildTest, HasMoreTimeWhereItGoesOn) {
    ask_and_run(9s);
    child_.extend_time();
    run_for(9s);
    EXPECT_FALSE(reply_.has_value());
    EXPECT_EQ(kills_, 0);
}

TEST_F(AskedChildTest, HasTheTimeThatItHadLeftOnceItNeedNotWaitAnyMore) {
    ask_and_run(4s);
    child_.pause_time();
    run_for(1h);
    EXPECT_EQ(kills_, 0);
    child_.go_on();
    run_for(5s);
    EXPECT_EQ(kills_, 0);
    run_for(2s);
    EXPECT_EQ(kills_, 1);
}

TEST_F(AskedChildTest, IsKilledWhereItAnswersAnotherRequest) {
    acts_ = {composes(8)};
    ask_and_run();
    EXPECT_EQ(kills_, 1);
    expect_death("answered another request");
}

TEST_F(AskedChildTest, IsKilledWhereItGarblesItsAnswer) {
    acts_ = {answers([](const Message&) { return Packet(nlohmann::json{{"type", "nonsense"}}); })};
    ask_and_run();
    EXPECT_EQ(kills_, 1);
    expect_death("was killed");
}

TEST_F(AskedChildTest, IsKilledWhereItAnswersTwiceAndIsAskedAgainOnceItIsBack) {
    acts_ = {[this](const Message& message) {
                 composes(7)(message);
                 composes(7)(message);
             },
             composes(7)};
    ask_and_run();
    EXPECT_TRUE(reply_ && *reply_);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(starts_, 2);
    reply_.reset();
    ask_and_run();
    EXPECT_TRUE(reply_ && *reply_);
}

TEST_F(AskedChildTest, WhatItSaysAsideIsNoAnswer) {
    acts_ = {[this](const Message& message) {
        say(Packet(nlohmann::json{{"type", "aside"}}));
        composes(7)(message);
    }};
    ask_and_run();
    EXPECT_TRUE(reply_ && *reply_);
    EXPECT_EQ(kills_, 0);
}

}  // namespace
}  // namespace hilum
