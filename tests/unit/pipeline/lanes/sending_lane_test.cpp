#include "pipeline/lanes/sending_lane.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "store/database/sql.h"
#include "store/jobs/analyses.h"
#include "store/jobs/due_reports.h"
#include "store/jobs/orders.h"
#include "store/jobs/reports.h"
#include "store/overview/overview.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class SendingLaneTest : public test::LaneTest {
  protected:
    SendingLaneTest() {
        configuration_.models.emplace_back().package = "demo";
        auto& pacs = configuration_.destinations.emplace_back();
        pacs.name = "pacs";
        pacs.storage_commitment = false;
        pacs.timeout = 10s;
        pacs.first_delay = 5s;
        pacs.longest_delay = 5s;
        std::filesystem::create_directories(directory_.results());
        queue("9.1");
        Happenings& happenings = *this;
        lane_.emplace(world_, commits_, configuration_, pacs, directory_, happenings);
        lane_->start(specification("sender"));
    }

    // A result that waits for the destination.
    void queue(const std::string& uid) {
        commit([&](Transaction& t) {
            test::instance_store(folder_).store(t, test::received("1." + uid, "1.2." + uid));
            const auto analysis = claim_analysis(t, "demo", 1min);
            AnalysisEnd end;
            end.outcome.result.emplace().diagnosis = "normal";
            keep_outcome(t, *analysis, end);
        });
        run_for(configuration_.study.max_wait);
        const auto file = directory_.results() / (uid + ".dcm");
        (void)disk_.write_durably(file, std::as_bytes(std::span("x")));
        commit([&](Transaction& t) {
            open_due_reports(t, configuration_);
            const auto next = claim_report(t, configuration_, directory_, 3min);
            ComposeReply reply;
            reply.job = next.report->claim.job();
            auto& result = reply.results.emplace_back();
            result.kind = ResultKind::sr;
            result.sop_instance_uid = uid;
            result.file = file;
            result.destinations = {"pacs"};
            keep_composed(t, next.report->claim, reply, configuration_);
        });
    }
    nlohmann::json delivery(std::int64_t id = 1) {
        return Overview::open(directory_.database())->job("delivery", id).value();
    }
    Act delivers(DeliveryOutcome outcome = DeliveryOutcome::delivered, std::int64_t id = 1,
                 bool no_association = false) {
        return answers([=](const Message&) {
            return to_packet(DeliverReply{id, outcome, 0, "as the test has it", no_association});
        });
    }
    Act echoes(bool there) {
        return answers([there](const Message&) { return to_packet(EchoReply{there, "as the test has it"}); });
    }
    bool told(Happening what) { return std::ranges::find(happenings_, what) != happenings_.end(); }

    Configuration configuration_;
    std::optional<SendingLane> lane_;
};

TEST_F(SendingLaneTest, DeliversAndIsIdle) {
    acts_ = {delivers()};
    run_for(1s);
    EXPECT_EQ(delivery()["state"], "delivered");
    EXPECT_TRUE(lane_->idle());
}

TEST_F(SendingLaneTest, ADeliveryWhoseSenderDiedIsSentAgainByTheNext) {
    acts_ = {dies(), delivers()};
    run_for(1s);
    EXPECT_EQ(delivery()["state"], "queued");
    run_for(20s);
    EXPECT_EQ(delivery()["state"], "delivered");
    EXPECT_EQ(delivery()["attempts"], 2);
    EXPECT_EQ(starts_, 2);
}

TEST_F(SendingLaneTest, ASenderThatHangsIsKilledBeforeItsLeaseHasPassed) {
    run_for(44s);
    EXPECT_EQ(delivery()["state"], "running");
    run_for(2s);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(delivery()["state"], "queued");
}

TEST_F(SendingLaneTest, ASenderThatGoesOnIsNotKilled) {
    run_for(40s);
    say(to_packet(SendingProgress{}));
    run_for(40s);
    EXPECT_EQ(kills_, 0);
    EXPECT_EQ(delivery()["state"], "running");
}

TEST_F(SendingLaneTest, AnAnswerToAnotherRequestEndsTheSender) {
    acts_ = {delivers(DeliveryOutcome::delivered, 2)};
    run_for(1s);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(delivery()["state"], "queued");
}

TEST_F(SendingLaneTest, DrainsWhatItHasBegunAndClaimsNoMore) {
    queue("9.2");
    acts_ = {is_silent()};
    run_for(1s);
    lane_->drain();
    EXPECT_FALSE(lane_->idle());
    say(to_packet(DeliverReply{1, DeliveryOutcome::delivered, 0, "", false}));
    run_for(1min);
    EXPECT_TRUE(lane_->idle());
    EXPECT_EQ(delivery(1)["state"], "delivered");
    EXPECT_EQ(delivery(2)["state"], "queued");
}

TEST_F(SendingLaneTest, WhatIsAnsweredWhileTheSenderEndsIsDelivered) {
    acts_ = {is_silent()};
    run_for(1s);
    lane_->drain();
    lane_->stop();
    say(to_packet(DeliverReply{1, DeliveryOutcome::delivered, 0, "", false}));
    run_for(1min);
    EXPECT_EQ(delivery()["state"], "delivered");
    EXPECT_TRUE(lane_->idle());
    EXPECT_EQ(kills_, 0);
}

TEST_F(SendingLaneTest, WhatTheEndCutOffHasNotFailed) {
    acts_ = {is_silent()};
    run_for(1s);
    lane_->drain();
    lane_->stop();
    run_for(1min);
    EXPECT_TRUE(lane_->idle());
    EXPECT_EQ(delivery()["state"], "running") << "the next start takes it up";
    EXPECT_EQ(commit([](Transaction& t) {
                  return sql::number(t, "SELECT count(*) FROM audit_event WHERE type = 'delivery_failed'");
              }),
              0);
}

// A probe of one that is down, too, whose results would be given up for it.
TEST_F(SendingLaneTest, AProbeThatTheEndCutOffGivesNothingUp) {
    acts_ = {delivers(DeliveryOutcome::retry, 1, true), is_silent()};
    configuration_.destinations.front().give_up_after = 1s;
    run_for(20s);
    ASSERT_EQ(heard_.size(), 2u);
    lane_->drain();
    lane_->stop();
    run_for(1min);
    EXPECT_EQ(delivery()["state"], "queued");
}

TEST_F(SendingLaneTest, WhatLostItsClaimAndWasDiscardedMeanwhileStaysDiscarded) {
    acts_ = {is_silent()};
    run_for(1s);
    JobSelection selection;
    selection.kind = "delivery";
    selection.id = 1;
    commit([&](Transaction& t) {
        take_up_all(t);
        discard_jobs(t, selection, "test");
    });
    ASSERT_EQ(delivery()["state"], "discarded");
    say(to_packet(DeliverReply{1, DeliveryOutcome::delivered, 0, "", false}));
    run_for(1s);
    EXPECT_TRUE(lane_->idle());
    EXPECT_EQ(delivery()["state"], "discarded");
}

TEST_F(SendingLaneTest, ADestinationThatGivesNoAssociationIsDownUntilItEchoes) {
    acts_ = {delivers(DeliveryOutcome::retry, 1, true), echoes(false), echoes(true), delivers()};
    run_for(1s);
    EXPECT_EQ(lane_->destination().status().state, DestinationState::down);
    EXPECT_TRUE(told(Happening::status_changed));
    run_for(30s);
    EXPECT_EQ(lane_->destination().status().state, DestinationState::up);
    EXPECT_EQ(delivery()["state"], "delivered");
    EXPECT_EQ(heard_.size(), 4u);
}

TEST_F(SendingLaneTest, AnOperatorHasADestinationThatIsDownTriedAtOnce) {
    acts_ = {delivers(DeliveryOutcome::retry, 1, true), echoes(true)};
    run_for(1s);
    lane_->try_now();
    run_for(1s);
    EXPECT_EQ(lane_->destination().status().state, DestinationState::up);
}

TEST_F(SendingLaneTest, AWakeUpDuringAClaimIsNotLost) {
    acts_ = {delivers(), delivers(DeliveryOutcome::delivered, 2)};
    run_for(1s);
    queue("9.2");
    lane_->wake();
    lane_->wake();
    run_for(1s);
    EXPECT_EQ(delivery(2)["state"], "delivered");
}

TEST_F(SendingLaneTest, MayGoWhileItWaitsForAnAnswer) {
    acts_ = {is_silent()};
    run_for(1s);
    lane_.reset();
    run_for(5min);
    EXPECT_EQ(delivery()["state"], "running") << "its lease is taken up later";
}

}  // namespace
}  // namespace hilum
