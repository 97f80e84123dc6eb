#include "store/database/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <new>
#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/asio_world.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using test::open_database;
using test::TemporaryFolder;

class CommitQueueTest : public testing::Test {
  protected:
    // Runs the loop until `expected` completions have run.
    void run(int expected) {
        while (completed_ < expected) loop_.run_one();
    }

    TemporaryFolder folder_;
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_ =
        boost::asio::make_work_guard(loop_);
    AsioWorld world_{loop_};
    int completed_ = 0;
};

TEST_F(CommitQueueTest, ReportsAfterTheCommit) {
    std::optional<std::int64_t> seen_by_another_connection;
    CommitQueue commits(world_, open_database(folder_));
    commits.submit(
        [](Transaction& transaction) {
            transaction.count("things");
            return 7;
        },
        [&](Result<int> result) {
            ++completed_;
            EXPECT_EQ(result, 7);
            auto other = open_database(folder_);
            seen_by_another_connection = other.number("SELECT value FROM counter WHERE name = 'things'");
        });
    run(1);
    EXPECT_EQ(seen_by_another_connection, 1);
}

TEST_F(CommitQueueTest, AFailingUnitLosesOnlyItsOwnChanges) {
    CommitQueue commits(world_, open_database(folder_));
    Result<void> good = fail("x", "not run"), bad;
    commits.submit([](Transaction& transaction) { transaction.count("good"); },
                   [&](Result<void> result) { ++completed_, good = result; });
    commits.submit(
        [](Transaction& transaction) {
            transaction.count("bad");
            sql::execute(transaction, "INSERT INTO no_such_table VALUES(1)");
        },
        [&](Result<void> result) { ++completed_, bad = result; });
    commits.submit([](Transaction& transaction) { transaction.count("good"); },
                   [&](Result<void>) { ++completed_; });
    run(3);
    EXPECT_TRUE(good);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, "database");
    auto other = open_database(folder_);
    EXPECT_EQ(other.number("SELECT value FROM counter WHERE name = 'good'"), 2);
    EXPECT_FALSE(other.number("SELECT value FROM counter WHERE name = 'bad'"));
}

TEST_F(CommitQueueTest, TheAuditChainSurvivesAFailingUnit) {
    CommitQueue commits(world_, open_database(folder_));
    const auto append = [](Transaction& transaction) { transaction.append_audit({}); };
    commits.submit(append, [&](Result<void>) { ++completed_; });
    commits.submit(
        [&](Transaction& transaction) {
            transaction.append_audit({});
            sql::execute(transaction, "INSERT INTO no_such_table VALUES(1)");
        },
        [&](Result<void>) { ++completed_; });
    commits.submit(append, [&](Result<void> result) {
        ++completed_;
        EXPECT_TRUE(result);
    });
    run(3);
    EXPECT_EQ(open_database(folder_).number("SELECT max(id) FROM audit_event"), 2);
}

TEST_F(CommitQueueTest, AFullDiskIsAnErrorThatPasses) {
    auto database = open_database(folder_);
    database.execute("PRAGMA max_page_count = 1");  // as many as there are
    CommitQueue commits(world_, std::move(database));
    Result<void> result;
    commits.submit([](Transaction& transaction) { transaction.count(std::string(1'000'000, 'x')); },
                   [&](Result<void> got) { ++completed_, result = got; });
    run(1);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "disk_full");
    EXPECT_EQ(result.error().retry, Retry::once_mended);
    commits.submit([](Transaction& transaction) { transaction.count("small"); },
                   [&](Result<void> got) { ++completed_, result = got; });
    run(2);
    EXPECT_TRUE(result) << result.error().message;
}

TEST_F(CommitQueueTest, TriesUntilItIsKeptWhereTheDiskIsFullForAWhile) {
    auto database = open_database(folder_);
    database.execute("PRAGMA max_page_count = 1");  // as many as there are
    CommitQueue commits(world_, std::move(database));
    int runs = 0;
    Result<void> result = fail("x", "not run");
    commits.submit_until_kept(
        [&](Transaction& transaction) {
            if (++runs == 2) sql::execute(transaction, "PRAGMA max_page_count = 3000");
            transaction.count(std::string(1'000'000, 'x'));
        },
        [&](Result<void> got) { ++completed_, result = got; });
    run(1);
    EXPECT_TRUE(result);
    EXPECT_EQ(runs, 2);
}

TEST_F(CommitQueueTest, DoesNotTryAgainWhatCannotSucceed) {
    CommitQueue commits(world_, open_database(folder_));
    Result<void> result;
    int runs = 0;
    commits.submit_until_kept(
        [&](Transaction& transaction) {
            ++runs;
            sql::execute(transaction, "INSERT INTO no_such_table VALUES(1)");
        },
        [&](Result<void> got) { ++completed_, result = got; });
    run(1);
    EXPECT_FALSE(result);
    EXPECT_EQ(runs, 1);
}

TEST_F(CommitQueueTest, TriesUntilItIsKeptWhereMemoryDoesNotSufficeForAWhile) {
    CommitQueue commits(world_, open_database(folder_));
    Result<void> refused;
    commits.submit([](Transaction&) { throw std::bad_alloc(); },
                   [&](Result<void> got) { ++completed_, refused = got; });
    run(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "out_of_memory");
    EXPECT_EQ(refused.error().retry, Retry::once_mended);
    int runs = 0;
    Result<void> result = fail("x", "not run");
    commits.submit_until_kept(
        [&](Transaction& transaction) {
            transaction.count("things");
            if (++runs == 1) throw std::bad_alloc();
        },
        [&](Result<void> got) { ++completed_, result = got; });
    run(2);
    EXPECT_TRUE(result);
    EXPECT_EQ(open_database(folder_).number("SELECT value FROM counter WHERE name = 'things'"), 1);
}

TEST_F(CommitQueueTest, RunsWhatWaitsBeforeItEnds) {
    {
        CommitQueue commits(world_, open_database(folder_));
        for (int i = 0; i < 100; ++i)
            commits.submit([](Transaction& transaction) { transaction.count("things"); });
    }
    EXPECT_EQ(open_database(folder_).number("SELECT value FROM counter WHERE name = 'things'"), 100);
}

// Its clock is a test's to set.
class SettableWorld : public AsioWorld {
  public:
    using AsioWorld::AsioWorld;
    Timestamp now() const override { return Timestamp(std::chrono::seconds(wall_.load())); }
    Duration since_boot() const override { return std::chrono::seconds(boot_.load()); }
    void set_by(int seconds) { wall_ += seconds; }
    void pass(int seconds) { wall_ += seconds, boot_ += seconds; }

  private:
    std::atomic<int> wall_{0}, boot_{0};
};

class SecondsSet : public CommitQueue::Observer {
  public:
    void clock_set(Transaction& transaction, Duration step) override {
        transaction.count("seconds_set", {}, step.count() / 1'000'000);
    }
};

std::optional<std::int64_t> seconds_set(Transaction& transaction) {
    return sql::number(transaction, "SELECT value FROM counter WHERE name = 'seconds_set'");
}

TEST_F(CommitQueueTest, TellsOfAClockThatWasSetBeforeWorkSeesIt) {
    SettableWorld world(loop_);
    SecondsSet seconds;
    CommitQueue commits(world, open_database(folder_), &seconds);
    std::optional<std::int64_t> before = 0, after;
    commits.submit([&](Transaction& transaction) { before = seconds_set(transaction); },
                   [&](Result<void>) { ++completed_; });
    run(1);
    world.set_by(7200);
    commits.submit([&](Transaction& transaction) { after = seconds_set(transaction); },
                   [&](Result<void>) { ++completed_; });
    commits.submit([](Transaction&) {}, [&](Result<void>) { ++completed_; });
    run(3);
    EXPECT_FALSE(before);
    EXPECT_EQ(after, 7200);
    auto other = open_database(folder_);
    EXPECT_EQ(seconds_set(other), 7200) << "once, and kept";
}

TEST_F(CommitQueueTest, TellsAgainOfAClockThatWasSetWhereTheTransactionFailed) {
    SettableWorld world(loop_);
    SecondsSet seconds;
    auto database = open_database(folder_);
    database.execute("PRAGMA max_page_count = 1");
    CommitQueue commits(world, std::move(database), &seconds);
    world.set_by(-3600);
    commits.submit([](Transaction& transaction) { transaction.count(std::string(1'000'000, 'x')); },
                   [&](Result<void> result) {
                       ++completed_;
                       EXPECT_FALSE(result);
                   });
    run(1);
    world.set_by(-60);
    commits.submit([](Transaction&) {}, [&](Result<void>) { ++completed_; });
    run(2);
    auto other = open_database(folder_);
    EXPECT_EQ(seconds_set(other), -3660);
}

TEST_F(CommitQueueTest, AnEventThatIsKeptLateSaysWhenItHappened) {
    SettableWorld world(loop_);
    world.pass(100'000);
    CommitQueue commits(world, open_database(folder_));
    std::vector<std::int64_t> happened;
    const auto happens = [&](Transaction& transaction) {
        transaction.append_audit({});
        happened.push_back(transaction.happened() / 1'000'000);
    };
    const auto done = [&](const Result<void>&) { ++completed_; };
    const auto happened_at = world.since_boot();
    commits.submit_happened(happened_at, happens, done);
    run(1);
    world.pass(3);
    commits.submit_happened(happened_at, happens, done);
    run(2);
    world.pass(3600);
    world.set_by(-7200);  // somebody set it right meanwhile
    commits.submit_happened(happened_at, happens, done);
    commits.submit(happens, done);
    run(4);
    auto other = open_database(folder_);
    EXPECT_EQ(other.select("SELECT json_extract(detail, '$.happened_at') AS at FROM audit_event ORDER BY id"),
              nlohmann::json::parse(
                  R"([{"at": null}, {"at": null}, {"at": "1970-01-02T01:46:40.000000Z"}, {"at": null}])"));
    EXPECT_EQ(other.number("SELECT at FROM audit_event WHERE id = 3"), 96'403'000'000);
    EXPECT_EQ(happened, (std::vector<std::int64_t>{100'000, 100'000, 92'800, 96'403}));
}

TEST_F(CommitQueueTest, WhatIsTriedUntilItIsKeptHappenedWhenItWasFirstTried) {
    SettableWorld world(loop_);
    auto database = open_database(folder_);
    database.execute("PRAGMA max_page_count = 1");
    CommitQueue commits(world, std::move(database));
    int runs = 0;
    commits.submit_until_kept(
        [&](Transaction& transaction) {
            if (++runs == 1) world.pass(60);
            if (runs == 2) sql::execute(transaction, "PRAGMA max_page_count = 3000");
            transaction.append_audit({});
            transaction.count(std::string(1'000'000, 'x'));
        },
        [&](const Result<void>&) { ++completed_; });
    run(1);
    auto other = open_database(folder_);
    EXPECT_EQ(other.select("SELECT json_extract(detail, '$.happened_at') AS at FROM audit_event"),
              nlohmann::json::parse(R"([{"at": "1970-01-01T00:00:00.000000Z"}])"));
}

TEST_F(CommitQueueTest, TellsWhetherItsThreadGoesOn) {
    CommitQueue commits(world_, open_database(folder_));
    EXPECT_TRUE(commits.goes_on()) << "it has nothing to do";
    std::atomic<bool> released = false, begun = false;
    commits.submit(
        [&](Transaction&) {
            begun = true;
            begun.notify_all();
            released.wait(false);
        },
        [&](const Result<void>&) { ++completed_; });
    begun.wait(false);
    (void)commits.goes_on();
    EXPECT_FALSE(commits.goes_on());
    EXPECT_FALSE(commits.goes_on());
    released = true;
    released.notify_all();
    run(1);
    EXPECT_TRUE(commits.goes_on());
}

}  // namespace
}  // namespace hilum
