#include "store/retention/retention_status.h"

#include <gtest/gtest.h>

#include "unit/store/test_database.h"

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

}  // namespace
}  // namespace hilum
