#include "pipeline/lanes/sending_lane.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "store/database/json_rows.h"
#include "store/database/sql.h"
#include "store/jobs/analyses.h"
#include "store/jobs/claim.h"
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
    Act answers_commitment(bool accepted, bool no_association = false) {
        return answers([=](const Message& message) {
            const auto uid = from_packet<CommitmentRequest>(message).value().transaction_uid;
            return to_packet(CommitmentReply{uid, accepted, "as the test has it", no_association});
        });
    }
    nlohmann::json commitment() {
        return commit([](Transaction& t) {
            return sql::select(t, "SELECT outcome, attempt FROM job WHERE kind = 'commitment'").at(0);
        });
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

// A link, which is not followed, stands for whatever keeps the node from opening it.
TEST_F(SendingLaneTest, AResultThatCannotBeOpenedIsWaitedForAndItsLanePauses) {
    const auto file = directory_.results() / "9.1.dcm", elsewhere = directory_.results() / "elsewhere";
    std::filesystem::rename(file, elsewhere);
    std::filesystem::create_symlink(elsewhere, file);
    acts_ = {delivers()};
    run_for(10min);
    EXPECT_TRUE(heard_.empty());
    EXPECT_EQ(delivery()["state"], "queued");
    EXPECT_EQ(delivery()["attempts"], 0);
    const auto troubles =
        commit([](Transaction& t) { return sql::number(t, "SELECT sum(troubles) FROM job").value(); });
    EXPECT_GT(troubles, 10);
    EXPECT_LT(troubles, 60) << "its own delay of 5 s would have made 120";
    EXPECT_EQ(commit([](Transaction& t) {
                  return sql::number(t, "SELECT count(*) FROM audit_event WHERE type = 'delivery_failed'");
              }),
              1);
    std::filesystem::rename(elsewhere, file);
    run_for(1min);
    EXPECT_EQ(delivery()["state"], "delivered");
    EXPECT_EQ(delivery()["attempts"], 1);
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

TEST_F(SendingLaneTest, ADestinationThatIsAwayIsDownThoughOnlyCommitmentsAreAskedFor) {
    auto& pacs = configuration_.destinations.front();
    pacs.storage_commitment = true;
    pacs.give_up_after = 10s;
    acts_ = {delivers(),   answers_commitment(false, true), echoes(false), echoes(false), echoes(false),
             echoes(true), answers_commitment(true)};
    run_for(5s);
    EXPECT_EQ(lane_->destination().status().state, DestinationState::down);
    run_for(30s);
    EXPECT_EQ(lane_->destination().status().state, DestinationState::up);
    EXPECT_EQ(heard_.size(), 7u);
    EXPECT_EQ(commitment()["outcome"], "requested") << "nothing is given up before it was asked for anew";
    EXPECT_EQ(commitment()["attempt"], 1);
}

TEST_F(SendingLaneTest, ADestinationThatRefusesOnlyTheAssociationForCommitmentsIsUp) {
    configuration_.destinations.front().storage_commitment = true;
    acts_ = {delivers(), answers_commitment(false, true), echoes(true), answers_commitment(true)};
    run_for(4s);
    EXPECT_EQ(heard_.size(), 3u);
    EXPECT_EQ(lane_->destination().status().state, DestinationState::up);
    run_for(20s);
    EXPECT_EQ(commitment()["attempt"], 2) << "give_up_after goes on";
}

TEST_F(SendingLaneTest, GivesUpAllOfALongQueueWhenTheDestinationIsSeenToBeAway) {
    configuration_.destinations.front().give_up_after = 1h;
    acts_ = {delivers(DeliveryOutcome::retry, 1, true), echoes(false)};
    commit([](Transaction& t) {
        sql::execute(t,
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO"
                     " result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
                     " transfer_syntax_uid, file, sha256, created_at) SELECT 1, 'sc', '1', 'many.' || i, '1',"
                     " '1', 'f', 's', 1 FROM n",
                     most_taken_up + 1);
        sql::execute(t,
                     "INSERT INTO delivery(result_id, destination) SELECT id, 'pacs' FROM result WHERE"
                     " sop_instance_uid LIKE 'many.%'");
        sql::execute(t,
                     "INSERT INTO job(lane, subject, study_id, state, attempt, due, created_at, updated_at)"
                     " SELECT 'deliver/pacs', id, 1, 'queued', 1, ?1, ?2, ?2 FROM delivery WHERE id > 1",
                     t.at() + Duration(1h).count(), t.at() - Duration(2h).count());
    });
    run_for(20s);
    EXPECT_EQ(commit([](Transaction& t) {
                  return sql::number(t, "SELECT count(*) FROM job WHERE word = 'expired'").value();
              }),
              most_taken_up + 1);
}

TEST_F(SendingLaneTest, TheAnswerToAReportGoesToNoOtherSenderThanBroughtIt) {
    acts_ = {delivers()};
    run_for(1s);
    const auto report = to_packet(CommitmentReport{"1.9", {}, {}, "PACS", "::1"});
    const auto answered = [this] {
        return std::ranges::count_if(
            heard_, [](const Packet& packet) { return packet.type() == CommitmentReportAnswer::type; });
    };
    commit([&](Transaction&) {  // which takes its time
        say(report);
        run_for(1s);
        kill(lane_->destination().sender().process().pid());
        run_for(30s);
    });
    run_for(1s);
    EXPECT_EQ(starts_, 2);
    EXPECT_EQ(answered(), 0);
    say(report);
    run_for(1s);
    EXPECT_EQ(answered(), 1);
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

TEST_F(SendingLaneTest, ADestinationThatRefusesToBeAskedForCommitmentIsNotAskedForAnotherUntilItsTime) {
    auto& pacs = configuration_.destinations[0];
    pacs.storage_commitment = true;
    pacs.first_delay = pacs.longest_delay = 24h;
    const auto refuses = answers([](const Message& message) {
        return to_packet(CommitmentReply{from_packet<CommitmentRequest>(message)->transaction_uid, false,
                                         "it does not offer it"});
    });
    const auto asked = [&] {
        return std::ranges::count_if(heard_, [](const Packet& packet) {
            return from_packet<CommitmentRequest>(Message{packet, {}}).has_value();
        });
    };
    acts_ = {delivers(), refuses, delivers(DeliveryOutcome::delivered, 2)};
    run_for(10s);
    EXPECT_EQ(asked(), 1);
    queue("9.2");
    lane_->wake();
    run_for(1h);
    EXPECT_EQ(delivery(2)["state"], "delivered");
    EXPECT_EQ(asked(), 1) << "what was not in the first request";
    acts_ = {is_silent()};
    lane_->try_now();
    run_for(1s);
    EXPECT_EQ(asked(), 2) << "an operator wants it tried";
}

}  // namespace
}  // namespace hilum
