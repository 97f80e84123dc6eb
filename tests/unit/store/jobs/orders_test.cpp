#include "store/jobs/orders.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/instance_store.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using test::open_database;
using test::received;
using test::TemporaryFolder;

class OrdersTest : public testing::Test {
  protected:
    OrdersTest() {
        store_.store(database_, received("1.2.3.4"));
        put(JobState::running);
        database_.execute("UPDATE job SET attempt = 1");
    }
    void put(JobState state) { test::set_jobs(database_, Lane::analysis, state); }
    std::string state() { return database_.select("SELECT word FROM job WHERE subject = 1")[0]["word"]; }

    TemporaryFolder folder_;
    test::TestDatabase database_ = open_database(folder_);
    InstanceStore store_ = test::instance_store(folder_);
};

TEST_F(OrdersTest, AQuarantinedStudyIsRetriedByItsAccessionNumber) {
    put(JobState::quarantined);
    database_.execute("UPDATE job SET attempt = 3");
    database_.execute("UPDATE study SET due_at = NULL");
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", "A1"}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
    EXPECT_EQ(database_.number("SELECT attempt FROM job"), 0);
    EXPECT_TRUE(database_.number("SELECT due_at FROM study"));
}

TEST_F(OrdersTest, RetryingAnotherStudyTouchesNothing) {
    put(JobState::quarantined);
    EXPECT_EQ(retry_jobs(database_, {"", 0, "9.9", ""}, "operator"), 0);
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", ""}, "operator"), 0);
    EXPECT_EQ(state(), "quarantined");
}

TEST_F(OrdersTest, AnAnalysisIsRetriedByItsNumber) {
    put(JobState::not_analysed);
    EXPECT_EQ(retry_jobs(database_, {"analysis", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
}

TEST_F(OrdersTest, ADiscardedJobIsOffTheQueueAndAudited) {
    put(JobState::queued);
    EXPECT_EQ(discard_jobs(database_, {"analysis", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(state(), "discarded");
    EXPECT_EQ(database_.number("SELECT count(*) FROM audit_event WHERE type = 'jobs_discarded'"), 1);
}

}  // namespace
}  // namespace hilum
