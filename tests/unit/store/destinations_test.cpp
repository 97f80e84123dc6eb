#include "store/destinations.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/instance_store.h"
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
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 1);
    EXPECT_EQ(expired(), 1);
    EXPECT_EQ(database_.select("SELECT error FROM job WHERE word = 'expired'")[0]["error"], "nobody listens");
    EXPECT_EQ(audited("delivery_failed"), 1);
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
}

TEST_F(DestinationsTest, GivesUpNothingForTimeThatDoesNotCount) {
    database_.execute("UPDATE job SET uncounted = ?", Duration(96h).count());
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
    resume_destination(database_, "pacs", "operator uid 0");
    EXPECT_EQ(database_.number("SELECT max(uncounted) FROM job WHERE queue = 'pacs'"), Duration(96h).count())
        << "it was not paused";
    pause_destination(database_, "pacs", "operator uid 0");
    resume_destination(database_, "pacs", "operator uid 0");
    EXPECT_EQ(database_.number("SELECT max(uncounted) FROM job WHERE queue = 'pacs'"), 0);
}

TEST_F(DestinationsTest, IsPausedUntilItIsResumed) {
    EXPECT_FALSE(is_paused(database_, "pacs"));
    EXPECT_TRUE(pause_destination(database_, "pacs", "operator uid 0"));
    EXPECT_FALSE(pause_destination(database_, "pacs", "operator uid 0"));
    EXPECT_TRUE(is_paused(database_, "pacs"));
    EXPECT_FALSE(is_paused(database_, "archive"));
    EXPECT_TRUE(resume_destination(database_, "pacs", "operator uid 0"));
    EXPECT_FALSE(resume_destination(database_, "pacs", "operator uid 0"));
    EXPECT_FALSE(is_paused(database_, "pacs"));
    EXPECT_EQ(audited("destination_paused"), 1);
    EXPECT_EQ(audited("destination_resumed"), 1);
}

TEST_F(DestinationsTest, GivesUpNothingWhileItIsPausedAndCountsAnewThen) {
    pause_destination(database_, "pacs", "operator uid 0");
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
    resume_destination(database_, "pacs", "operator uid 0");
    EXPECT_EQ(expire_deliveries(database_, settings_, "nobody listens"), 0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM job WHERE queue = 'pacs' AND due <= ?",
                               to_microseconds(now())),
              2);
}

}  // namespace
}  // namespace hilum
