#include "store/stored_deadlines.h"

#include <gtest/gtest.h>

#include "store/commitments.h"
#include "store/destinations.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// A study that waits for its report, and a job of each kind that waits for its next attempt.
class StoredDeadlinesTest : public testing::Test {
  protected:
    StoredDeadlinesTest() {
        configuration_.destinations.emplace_back().name = "pacs";
        database_.execute(
            "INSERT INTO study(study_instance_uid, first_pending_at, last_arrival_at, due_at, created_at)"
            " VALUES('1.2', ?1, ?1, ?1 + 5000000, ?1)",
            at_);
        database_.execute(
            "INSERT INTO instance(study_id, sop_instance_uid, sop_class_uid, series_instance_uid,"
            " transfer_syntax_uid, modality, file, size, dataset_sha256, analysis_sha256, calling_ae, peer, "
            "state,"
            " version, received_at) VALUES(1, '1.2.3', '1', '1', '1', 'CR', 'f', 1, 'a', 'a', 'A', 'p',"
            " 'to_analyse', 1, ?)",
            at_);
        database_.execute("INSERT INTO analysis(instance_id, model) VALUES(1, 'demo')");
        test::make_job(database_, Lane::analysis, "demo", 1, 1, JobState::queued, at_);
        database_.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', 1)");
        test::make_job(database_, Lane::report, "", 1, 1, JobState::queued, at_);
        for (const auto* uid : {"1.1", "1.2"})
            database_.execute(
                "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
                " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sr', '1', ?, '1', '1', 'f', 's', "
                "1)",
                uid);
        for (const int result : {1, 2}) {
            database_.execute("INSERT INTO delivery(result_id, destination) VALUES(?, 'pacs')", result);
            test::make_job(database_, Lane::delivery, "pacs", result, 1,
                           result == 1 ? JobState::queued : JobState::delivered, at_);
        }
        want_commitment(database_.at(time(0s)), 2);
        database_.execute("UPDATE job SET due = ? + 60000000 WHERE state = 'queued'", at_);
        keep_time_seen(database_.at(time(0s)));
    }
    Timestamp time(Duration later) const { return from_microseconds(at_) + later; }
    void set_by(Duration step) { clock_was_set(database_.at(time(step)), configuration_, step); }
    void start(Duration later) { take_up_deadlines(database_.at(time(later)), configuration_); }

    // In seconds after the fixture's time.
    std::int64_t seconds(const char* sql) { return (database_.number(sql).value() - at_) / 1'000'000; }
    std::int64_t analysis() { return seconds("SELECT due FROM job WHERE kind = 'analysis'"); }
    std::int64_t report() { return seconds("SELECT due FROM job WHERE kind = 'report'"); }
    std::int64_t delivery() { return seconds("SELECT due FROM job WHERE kind = 'delivery' AND subject = 1"); }
    std::int64_t commitment() { return seconds("SELECT due FROM job WHERE kind = 'commitment'"); }
    std::int64_t study() { return seconds("SELECT due_at FROM study"); }
    std::int64_t steps(const char* direction) {
        return database_
            .number(
                "SELECT value FROM counter WHERE name = 'clock_steps' AND json_extract(labels, "
                "'$.direction') = ?",
                direction)
            .value_or(0);
    }
    std::int64_t audited() {
        return database_.number("SELECT count(*) FROM audit_event WHERE type = 'clock_set'").value();
    }
    // Whether what waits since the fixture's time has waited `counted`, as give_up_after counts, when it is
    // `later`.
    bool waited(Duration counted, Duration later) {
        const auto since =
            database_.number("SELECT created_at + uncounted FROM job WHERE lane = 'deliver/pacs'").value();
        return to_microseconds(time(later)) - since == counted.count();
    }

    const std::int64_t at_ = 1'768'000'000'000'000;
    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Configuration configuration_;
};

TEST_F(StoredDeadlinesTest, GoWithAClockThatIsSetAhead) {
    set_by(2h);
    for (const auto deadline : {analysis(), report(), delivery(), commitment()})
        EXPECT_EQ(deadline, 7200 + 60);
    EXPECT_EQ(study(), 7200 + 5);
    EXPECT_EQ(seconds("SELECT first_pending_at FROM study"), 7200);
    EXPECT_TRUE(waited(0s, 2h));
    EXPECT_EQ(steps("ahead"), 1);
    EXPECT_EQ(steps("back"), 0);
    EXPECT_EQ(audited(), 1);
}

TEST_F(StoredDeadlinesTest, GoWithAClockThatIsSetBack) {
    set_by(-400 * 24h);
    for (const auto deadline : {analysis(), report(), delivery(), commitment()})
        EXPECT_EQ(deadline, -400 * 86400 + 60);
    EXPECT_EQ(study(), -400 * 86400 + 5);
    EXPECT_TRUE(waited(0s, -400 * 24h));
    EXPECT_EQ(steps("back"), 1);
}

TEST_F(StoredDeadlinesTest, OfWorkThatRunsGoToo) {
    database_.execute("UPDATE job SET state = 'running', lease = ? WHERE kind = 'analysis'",
                      at_ + 60'000'000);
    set_by(2h);
    EXPECT_EQ(seconds("SELECT lease FROM job WHERE lease NOTNULL"), 7200 + 60);
}

TEST_F(StoredDeadlinesTest, OfWhatIsDoneStay) {
    test::set_jobs(database_, Lane::analysis, JobState::analysed);
    test::set_jobs(database_, Lane::delivery, JobState::expired);
    database_.execute("UPDATE job SET state = 'set_aside', outcome = 'failed' WHERE kind = 'commitment'");
    database_.execute("UPDATE study SET due_at = NULL");
    set_by(2h);
    EXPECT_EQ(seconds("SELECT created_at FROM job WHERE kind = 'analysis'"), 0);
    EXPECT_EQ(seconds("SELECT created_at FROM job WHERE lane = 'deliver/pacs'"), 0);
    EXPECT_EQ(commitment(), 60);
    EXPECT_EQ(seconds("SELECT first_pending_at FROM study"), 0);
}

TEST_F(StoredDeadlinesTest, GoBackAtAStartWithAClockThatIsBehindTheTimeLastSeen) {
    start(-400 * 24h);
    EXPECT_EQ(delivery(), -400 * 86400 + 60);
    EXPECT_EQ(study(), -400 * 86400 + 5);
    EXPECT_TRUE(waited(0s, -400 * 24h));
    EXPECT_EQ(steps("back"), 1);
    EXPECT_EQ(audited(), 1);
}

TEST_F(StoredDeadlinesTest, StayAtAStartSoonAfterAnEnd) {
    start(1s);
    start(0s);  // less than a step
    EXPECT_EQ(delivery(), 60);
    EXPECT_EQ(study(), 5);
    EXPECT_EQ(audited(), 0);
}

TEST_F(StoredDeadlinesTest, TheTimeAwayDoesNotCountTowardsGivingUp) {
    configuration_.destinations[0].give_up_after = 72h;
    start(4 * 24h);
    EXPECT_TRUE(waited(0s, 4 * 24h));
    EXPECT_EQ(audited(), 0) << "nobody knows whether the clock is wrong";
    start(4 * 24h + 1h);
    EXPECT_TRUE(waited(0s, 4 * 24h + 1h));
    EXPECT_EQ(database_.number("SELECT created_at FROM job WHERE lane = 'deliver/pacs'"), at_)
        << "it was made when it was";
}

TEST_F(StoredDeadlinesTest, WhatADestinationIsAwayCountsLikewise) {
    expire_deliveries(database_.at(time(0s)), configuration_.destinations[0], "nobody listens");
    const auto away = [&](Duration counted, Duration later) {
        const auto since = database_.number("SELECT away_since FROM destination").value();
        return to_microseconds(time(later)) - since == counted.count();
    };
    set_by(2h);
    EXPECT_TRUE(away(0s, 2h));
    keep_time_seen(database_.at(time(3h)));
    start(4 * 24h);
    EXPECT_TRUE(away(1h, 4 * 24h)) << "the hour in which the node ran";
    clock_was_set(database_.at(time(4h)), configuration_, -4 * 24h + 4h);
    EXPECT_TRUE(away(1h, 4h));
}

TEST_F(StoredDeadlinesTest, WhatSeemedTimeAwayIsTakenBackWhenTheClockIsSetRight) {
    start(4 * 24h);
    clock_was_set(database_.at(time(10s)), configuration_, -4 * 24h);
    EXPECT_TRUE(waited(10s, 10s));
    EXPECT_EQ(database_.number("SELECT created_at FROM job WHERE lane = 'deliver/pacs'"), at_);
    EXPECT_LE(delivery(), 10);
}

// A failure is told by both times from that of an earlier copy, which was sent before.
TEST_F(StoredDeadlinesTest, WhenACommitmentWasRequestedStaysAfterWhatItIsOfWasSent) {
    database_.execute(
        "INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES('1.9', 'pacs', ?)",
        at_ + 1'000'000);
    const auto requested_after = [&] {
        return database_
            .number("SELECT requested_at - created_at FROM commitment, job WHERE job.kind = 'commitment'")
            .value();
    };
    start(4 * 24h);
    clock_was_set(database_.at(time(10s)), configuration_, -4 * 24h);
    EXPECT_EQ(requested_after(), 1'000'000);
    EXPECT_EQ(database_.number("SELECT created_at + uncounted FROM job WHERE kind = 'commitment'"), at_);
    database_.execute("UPDATE job SET state = 'set_aside', outcome = 'expired' WHERE kind = 'commitment'");
    set_by(-2h);
    EXPECT_EQ(requested_after(), 1'000'000) << "an answer to what was given up counts";
}

TEST_F(StoredDeadlinesTest, ANewDatabaseHasSeenNoTime) {
    database_.execute("UPDATE clock SET seen_at = 0");
    start(0s);
    EXPECT_EQ(database_.number("SELECT uncounted FROM job WHERE lane = 'deliver/pacs'"), 0);
    EXPECT_EQ(database_.number("SELECT seen_at FROM clock"), at_);
}

TEST_F(StoredDeadlinesTest, FurtherAheadThanAnyDelayAreTriedAtOnce) {
    const std::int64_t year = 366 * 86'400'000'000;
    database_.execute("UPDATE job SET due = due + ?1, created_at = created_at + ?1", year);
    database_.execute("UPDATE study SET due_at = due_at + ?1, first_pending_at = first_pending_at + ?1",
                      year);
    start(1s);
    for (const auto deadline : {analysis(), report(), delivery(), commitment()}) EXPECT_EQ(deadline, 1);
    EXPECT_EQ(study(), 1 + 10) << "study.idle_timeout";
    EXPECT_EQ(seconds("SELECT first_pending_at FROM study"), 1);
    for (const auto* made : {"SELECT created_at FROM job WHERE lane = 'deliver/pacs'",
                             "SELECT created_at FROM job WHERE lane = 'commit/pacs'"})
        EXPECT_EQ(seconds(made), 1);
}

TEST_F(StoredDeadlinesTest, AsFarAheadAsTheConfigurationAllowsStay) {
    const auto& destination = configuration_.destinations[0];
    const auto set_due = [&](const char* kind, Duration delay) {
        database_.execute("UPDATE job SET due = ? WHERE kind = ?", at_ + delay.count(), kind);
    };
    set_due("analysis", configuration_.retry.longest_delay);
    set_due("delivery", destination.refused_delay);
    set_due("commitment", destination.commitment_wait);
    start(1s);
    EXPECT_EQ(analysis(), 300);
    EXPECT_EQ(delivery(), 3600);
    EXPECT_EQ(commitment(), 3600);
}

// With as much as a long outage leaves, in the middle of much that is done, each statement finds its rows by
// an index.
TEST_F(StoredDeadlinesTest, AreFoundByIndexes) {
    for (const auto* where :
         {"job WHERE state IN ('queued', 'running')", "study WHERE due_at IS NOT NULL",
          "study WHERE due_at > 1",
          "job WHERE state = 'queued' AND due > 1 AND kind IN ('analysis', 'report')",
          "job WHERE state = 'queued' AND lane = 'deliver/pacs' AND due > 1",
          "job WHERE state IN ('queued', 'running') AND lane = 'deliver/pacs' AND created_at > 1"}) {
        const auto explain = "EXPLAIN QUERY PLAN SELECT id FROM " + std::string(where);
        const auto plan = database_.select(explain)[0]["detail"].get<std::string>();
        EXPECT_NE(plan.find("INDEX"), std::string::npos) << where << ": " << plan;
    }
}

}  // namespace
}  // namespace hilum
