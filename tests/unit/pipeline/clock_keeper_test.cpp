#include "pipeline/clock_keeper.h"

#include <gtest/gtest.h>

#include <optional>

#include "simulation/world/disk.h"
#include "simulation/world/simulated_world.h"
#include "store/jobs/analyses.h"
#include "store/jobs/claim.h"
#include "store/stored_deadlines.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class ClockKeeperTest : public testing::Test, private CommitQueue::Observer {
  protected:
    ClockKeeperTest() {
        keeper_.start([this] { ++changes_; });
        pass(5s);  // the first look is over, and found nothing that runs
    }
    void pass(Duration time) {
        for (const auto until = world_.elapsed() + time; world_.run_one(until);)
            transactions_ += world_.ran_background() ? 1 : 0;
    }
    void commit(std::function<void(Transaction&)> work) {
        bool done = false;
        commits_.submit(std::move(work), [&](const Result<void>& result) { done = result.has_value(); });
        pass(100ms);
        ASSERT_TRUE(done);
    }
    // Somebody has a job, and is heard of no more.
    void claim(Duration lease) {
        commit([&](Transaction& transaction) {
            test::instance_store(folder_).store(transaction, test::received("1.2.3.4"));
            claimed_ = claim_analysis(transaction, "demo", lease);
        });
        ASSERT_TRUE(claimed_.has_value());
    }

    void clock_set(Transaction& transaction, Duration step) override {
        clock_was_set(transaction, configuration_, step);
    }

    simulation::Random random_{1};
    simulation::Disk disk_{random_};
    simulation::SimulatedWorld world_{random_, disk_};
    test::TemporaryFolder folder_;
    Configuration configuration_;
    std::optional<AnalysisClaim> claimed_;
    CommitQueue commits_{world_, test::open_database(folder_), this};
    ClockKeeper keeper_{world_, commits_};
    int changes_ = 0, transactions_ = 0;
};

TEST_F(ClockKeeperTest, LeavesTheDatabaseAloneWhereNothingRuns) {
    transactions_ = 0;
    pass(10min);
    // One a minute that keeps the time, and a look every half minute.
    EXPECT_LE(transactions_, 30);
    EXPECT_EQ(changes_, 0);
}

TEST_F(ClockKeeperTest, TakesUpAJobWithinASecondOfItsLease) {
    claim(shortest_lease);
    pass(59s);
    EXPECT_EQ(changes_, 0);
    pass(2s);
    EXPECT_EQ(changes_, 1);
    pass(1h);
    EXPECT_EQ(changes_, 1);
}

TEST_F(ClockKeeperTest, LeavesAJobWhoseLeaseIsRenewed) {
    claim(70s);
    pass(50s);
    commit([&](Transaction& transaction) { ASSERT_TRUE(renew(transaction, claimed_->claim, 70s)); });
    pass(69s);
    EXPECT_EQ(changes_, 0);
    pass(2s);
    EXPECT_EQ(changes_, 1);
}

class ClockStepTest : public ClockKeeperTest, public testing::WithParamInterface<Duration> {};

TEST_P(ClockStepTest, LeavesALeaseAsLongAsItIs) {
    claim(70s);
    pass(40s);
    world_.set_wall_clock(GetParam());
    pass(29s);
    EXPECT_EQ(changes_, 1) << "the step";
    pass(2s);
    EXPECT_EQ(changes_, 2) << "the lease";
}
INSTANTIATE_TEST_SUITE_P(AheadAndBack, ClockStepTest, testing::Values(Duration(1h), Duration(-2h)));

TEST_F(ClockKeeperTest, LooksAgainInASecondWhereALookFailed) {
    claim(70s);
    pass(60s);
    auto broken = test::open_database(folder_);
    broken.execute("ALTER TABLE job RENAME TO job_away");
    pass(20s);
    EXPECT_EQ(changes_, 0);
    broken.execute("ALTER TABLE job_away RENAME TO job");
    pass(1500ms);
    EXPECT_EQ(changes_, 1);
}

}  // namespace
}  // namespace hilum
