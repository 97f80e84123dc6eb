#include "store/retention/retention_status.h"

#include <gtest/gtest.h>

#include "store/database/sql.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using std::chrono::hours;

// How long ages do not count, by the times of the events in the audit trail.
class DistrustOfTheClock : public testing::Test {
  protected:
    void tell(Duration later, const char* type = "instance_received") {
        time_ += later;
        audit::AuditEvent event;
        event.type = type;
        database_.at(time_).append_audit(event);
    }
    Duration distrust() { return distrust_of_clock(database_); }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Timestamp time_ = now();
};

TEST_F(DistrustOfTheClock, IsNoneOfANewNodeAndOfOneThatRan) {
    EXPECT_EQ(distrust(), Duration::zero());
    tell(hours(0), "node_started");
    EXPECT_EQ(distrust(), Duration::zero());
    for (int i = 0; i < 10; ++i) tell(hours(5));
    tell(hours(23), "node_started");
    EXPECT_EQ(distrust(), Duration::zero());
}

TEST_F(DistrustOfTheClock, IsADayAfterAStartThatCameMoreThanADayLater) {
    tell(hours(0));
    tell(hours(25), "node_started");
    EXPECT_EQ(distrust(), hours(24));
}

TEST_F(DistrustOfTheClock, OutlastsAnotherStart) {
    tell(hours(0));
    tell(hours(24 * 400), "node_started");
    tell(hours(1));
    tell(hours(0), "node_started");
    EXPECT_EQ(distrust(), hours(23));
    tell(hours(10));
    tell(hours(9), "node_started");
    EXPECT_EQ(distrust(), hours(13)) << "while it was off nothing was seen of the clock";
    tell(hours(13));
    EXPECT_EQ(distrust(), Duration::zero());
}

TEST_F(DistrustOfTheClock, IsOfALeapWhileTheNodeRanToo) {
    tell(hours(0), "node_started");
    tell(hours(24 * 400), "clock_set");
    tell(hours(2), "node_started");
    EXPECT_EQ(distrust(), hours(24));
}

TEST_F(DistrustOfTheClock, LooksBehindAClockThatWasSetBack) {
    tell(hours(0));
    tell(hours(24 * 400), "clock_set");
    tell(hours(3));
    tell(-hours(2), "clock_set");
    tell(hours(1), "node_started");
    EXPECT_EQ(distrust(), hours(21));
}

TEST_F(DistrustOfTheClock, IsNotOfTheTimeThatTheNodeRanWithoutAllThatItAcknowledged) {
    const auto ran = [&] { return ran_unreconciled(database_, hours(24)); };
    tell(hours(0), "node_started");
    tell(hours(10), "database_older");
    tell(hours(0), "node_started");
    tell(hours(7));
    tell(hours(8), "node_started");
    tell(hours(5));
    EXPECT_EQ(ran(), hours(0)) << "it knows all";
    database_.execute("INSERT INTO generation(id, since, reason, reconciled) VALUES('g', 1, 'older', 0)");
    EXPECT_EQ(ran(), hours(12)) << "since the loss, and not while it was off";
    tell(hours(24 * 400), "clock_set");
    EXPECT_EQ(ran(), hours(12));
    tell(hours(20));
    EXPECT_EQ(ran(), hours(24));
}

using PreviewOfRetention = test::StoreContract;
HILUM_FOR_ALL_ENGINES(PreviewOfRetention);

TEST_P(PreviewOfRetention, CountsWhatGoesBeforeItsStudyOnce) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    auto other = test::received("1.2.3.4", "1.2.3", "b", "n");
    commit([&](Transaction& t) {
        instances_.store(t, other);
        sql::execute(t, "UPDATE study SET due_at = NULL");
        sql::execute(t, "UPDATE job SET state = 'done', outcome = 'analysed' WHERE state = 'queued'");
        sql::execute(t, "UPDATE result SET kind = 'sc', bytes = 7");
    });
    pass(hours(24 * 40));
    const auto preview = commit([](Transaction& t) {
        return preview_of_retention(t, RetentionSettings{}, std::nullopt, std::chrono::seconds(10));
    });
    EXPECT_EQ(preview.at("total").at("delivered").at("bytes"), 7);
    EXPECT_EQ(preview.at("total").at("replaced").at("bytes"), 10);
    EXPECT_EQ(preview.at("total").at("age").at("files"), 1);
    EXPECT_EQ(preview.at("total").at("age").at("bytes"), 10);
}

}  // namespace
}  // namespace hilum
