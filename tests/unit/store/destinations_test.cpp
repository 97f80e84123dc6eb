#include "store/destinations.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/instance_store.h"
#include "store/jobs/claim.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class DestinationsTest : public testing::Test {
  protected:
    DestinationsTest() {
        settings_.name = "pacs";
        settings_.give_up_after = 72h;
        test::instance_store(folder_).store(database_, test::received("1.2.3.4"));
        database_.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', 1)");
        test::make_job(database_, Lane::report, "", 1, 1, JobState::composed);
        for (const auto* uid : {"1.1", "1.2"})
            database_.execute(
                "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
                " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sr', '1', ?, '1', '1', 'f', 's', "
                "1)",
                uid);
        add_delivery(1, "pacs", 100h);
        add_delivery(2, "pacs", 1h);
        add_delivery(1, "archive", 100h);
    }
    void add_delivery(int result, const char* destination, Duration age) {
        database_.execute("INSERT INTO delivery(result_id, destination) VALUES(?, ?)", result, destination);
        test::make_job(database_, Lane::delivery, destination, database_.last_id(), 1, JobState::queued,
                       at_ - age.count());
        database_.execute("UPDATE job SET due = ? + 1000000000 WHERE kind = 'delivery'", at_);
    }
    // So many more results that wait for "pacs" since 100 hours, of which each was tried.
    void add_many(int results) {
        database_.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO result("
            "report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid, transfer_syntax_uid, "
            "file,"
            " sha256, created_at) SELECT 1, 'sc', '1', 'many.' || i, '1', '1', 'f', 's', 1 FROM n",
            results);
        database_.execute(
            "INSERT INTO delivery(result_id, destination) SELECT id, 'pacs' FROM result WHERE"
            " sop_instance_uid LIKE 'many.%'");
        database_.execute(
            "INSERT INTO job(lane, subject, study_id, state, attempt, due, created_at, updated_at) SELECT"
            " 'deliver/pacs', delivery.id, 1, 'queued', 1, ?1, ?1, ?1 FROM delivery JOIN result ON result.id "
            "="
            " result_id WHERE sop_instance_uid LIKE 'many.%'",
            at_ - Duration(100h).count());
    }
    // A probe fails, so long after the fixture's time; how many are given up.
    int fail(Duration later) {
        return expire_deliveries(database_.at(from_microseconds(at_) + later), settings_, "nobody listens");
    }
    std::int64_t expired() { return test::count_jobs(database_, Lane::delivery, JobState::expired); }
    std::int64_t audited(const char* type) {
        return database_.number("SELECT count(*) FROM audit_event WHERE type = ?", type).value();
    }

    const std::int64_t at_ = to_microseconds(now());
    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    DestinationSettings settings_;
};

TEST_F(DestinationsTest, GivesUpWhatWaitedForTooLongForThisDestination) {
    database_.execute("UPDATE job SET attempt = 1 WHERE kind = 'delivery'");
    EXPECT_EQ(fail(0h), 1);
    EXPECT_EQ(expired(), 1);
    EXPECT_EQ(database_.select("SELECT error FROM job WHERE word = 'expired'")[0]["error"], "nobody listens");
    EXPECT_EQ(audited("delivery_failed"), 1);
    EXPECT_EQ(fail(0h), 0);
}

TEST_F(DestinationsTest, GivesUpWhatWasNeverTriedOnceTheDestinationWasAwayForSoLong) {
    EXPECT_EQ(fail(0h), 0) << "however long it waited its turn";
    EXPECT_EQ(fail(71h), 0);
    add_delivery(2, "pacs-2", -71h);
    database_.execute("UPDATE job SET lane = 'deliver/pacs' WHERE queue = 'pacs-2'");
    EXPECT_EQ(fail(73h), 2) << "one was made while it was away";
    EXPECT_EQ(fail(144h), 1);
}

TEST_F(DestinationsTest, CountsTheTimeThatItIsAwayAnewOnceItAnswered) {
    EXPECT_EQ(fail(0h), 0);
    note_answer(database_, "pacs");
    EXPECT_EQ(fail(73h), 0);
    note_answer(database_, "archive");
    EXPECT_EQ(fail(146h), 2);
}

TEST_F(DestinationsTest, IsAwayNoLongerForAPause) {
    EXPECT_EQ(fail(0h), 0);
    pause_destination(database_, "pacs", "operator uid 0");
    EXPECT_EQ(fail(71h), 0);
    EXPECT_EQ(database_.number("SELECT away_since FROM destination"), at_);
    resume_destination(database_.at(from_microseconds(at_) + 72h), "pacs", "operator uid 0",
                       from_microseconds(at_) + 72h);
    EXPECT_EQ(fail(73h), 0);
}

TEST_F(DestinationsTest, GivesUpNothingForTimeThatDoesNotCount) {
    database_.execute("UPDATE job SET attempt = 1, uncounted = ?", Duration(96h).count());
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
    resume_destination(database_, "pacs", "operator uid 0", now());
    EXPECT_EQ(database_.number("SELECT max(uncounted) FROM job WHERE queue = 'pacs'"), Duration(96h).count())
        << "it was not paused";
    pause_destination(database_, "pacs", "operator uid 0");
    resume_destination(database_, "pacs", "operator uid 0", now());
    EXPECT_EQ(database_.number("SELECT max(uncounted) FROM job WHERE queue = 'pacs'"), 0);
}

TEST_F(DestinationsTest, IsPausedUntilItIsResumed) {
    EXPECT_FALSE(is_paused(database_, "pacs"));
    EXPECT_TRUE(pause_destination(database_, "pacs", "operator uid 0"));
    EXPECT_FALSE(pause_destination(database_, "pacs", "operator uid 0"));
    EXPECT_TRUE(is_paused(database_, "pacs"));
    EXPECT_FALSE(is_paused(database_, "archive"));
    EXPECT_EQ(resume_destination(database_, "pacs", "operator uid 0", now()), Resumption::resumed);
    EXPECT_EQ(resume_destination(database_, "pacs", "operator uid 0", now()), Resumption::was_not_paused);
    EXPECT_FALSE(is_paused(database_, "pacs"));
    EXPECT_EQ(audited("destination_paused"), 1);
    EXPECT_EQ(audited("destination_resumed"), 1);
}

TEST_F(DestinationsTest, GivesUpALongQueuePieceByPiece) {
    add_many(most_taken_up + 1);
    EXPECT_EQ(fail(0h), most_taken_up);
    EXPECT_EQ(fail(0h), 1);
    EXPECT_EQ(expired(), most_taken_up + 1);
    EXPECT_EQ(audited("delivery_failed"), most_taken_up + 1);
}

TEST_F(DestinationsTest, StaysPausedUntilAllOfALongQueueCountsAnew) {
    add_many(most_taken_up + 1);
    pause_destination(database_, "pacs", "operator uid 0");
    const auto order = from_microseconds(at_) + 1h;
    const auto resume = [&](Duration later) {
        return resume_destination(database_.at(order + later), "pacs", "operator uid 0", order);
    };
    EXPECT_EQ(resume(0h), Resumption::goes_on);
    EXPECT_TRUE(is_paused(database_, "pacs")) << "what counts from before is not given up";
    EXPECT_EQ(audited("destination_resumed"), 0);
    EXPECT_EQ(resume(1min), Resumption::resumed);
    EXPECT_FALSE(is_paused(database_, "pacs"));
    EXPECT_EQ(audited("destination_resumed"), 1);
    EXPECT_EQ(database_.number("SELECT min(created_at + uncounted) FROM job WHERE lane = 'deliver/pacs'"),
              to_microseconds(order));
    EXPECT_EQ(fail(72h), 0);
}

TEST_F(DestinationsTest, GivesUpNothingWhileItIsPausedAndCountsAnewThen) {
    pause_destination(database_, "pacs", "operator uid 0");
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
    resume_destination(database_, "pacs", "operator uid 0", now());
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM job WHERE queue = 'pacs' AND due <= ?",
                               to_microseconds(now())),
              2);
}

}  // namespace
}  // namespace hilum
