// Failed syncs of the database and power cuts: what was acknowledged stays.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <sysexits.h>

#include <boost/asio/io_context.hpp>

#include "pipeline/asio_world.h"
#include "store/database/commit_queue.h"
#include "support/power_cut_vfs.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using test::PowerCutVfs;

class PowerCutTest : public testing::Test {
  protected:
    // A life of the node, in a process of its own, that ends as abruptly as its work lets it.
    template <typename Work>
    int live(Work work) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            PowerCutVfs::install();
            try {
                work();
            } catch (const std::exception& error) {
                std::fprintf(stderr, "%s\n", error.what());
                ::_exit(99);
            }
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    // Commits objects one after another; each that is acknowledged is told by a file. Does not return where
    // the commit queue ends the process.
    void receive(std::initializer_list<const char*> uids) {
        boost::asio::io_context loop;
        AsioWorld world(loop);
        CommitQueue commits(world, test::open_database(folder_));
        const auto store = test::instance_store(folder_);
        for (const std::string uid : uids) {
            commits.submit(
                [&](Transaction& transaction) { return store.store(transaction, test::received(uid)); },
                [&](const Result<StoredInstance>& stored) {
                    if (stored) std::ofstream(folder_.path() / ("acknowledged-" + uid));
                });
            loop.restart();
            while (loop.run_one() == 0) loop.restart();
        }
        ::_exit(0);  // before anything is closed in order
    }
    bool acknowledged(const std::string& uid) const {
        return std::filesystem::exists(folder_.path() / ("acknowledged-" + uid));
    }
    bool has(const std::string& uid) {
        auto database = test::open_database(folder_);
        return database.number("SELECT 1 FROM instance WHERE sop_instance_uid = ?", uid).has_value();
    }

    test::TemporaryFolder folder_;
};

TEST_F(PowerCutTest, LosesNothingThatWasAcknowledged) {
    EXPECT_EQ(live([&] { receive({"1.1", "1.2"}); }), 0);
    PowerCutVfs::cut_power(folder_.path());
    EXPECT_TRUE(acknowledged("1.2"));
    EXPECT_TRUE(has("1.1"));
    EXPECT_TRUE(has("1.2"));
}

TEST_F(PowerCutTest, AfterAFailedSyncOfTheWalLosesNothingThatWasAcknowledgedThen) {
    EXPECT_EQ(live([&] { receive({"1.1"}); }), 0);
    const int how = live([&] {
        auto prepared = test::open_database(folder_);
        PowerCutVfs::fail_sync("-wal", 1);
        receive({"1.2", "1.3"});
    });
    EXPECT_EQ(how, EX_IOERR) << "a failed sync ends the process";
    EXPECT_FALSE(acknowledged("1.2"));
    EXPECT_EQ(live([&] { receive({"1.4", "1.5"}); }), 0);
    PowerCutVfs::cut_power(folder_.path());
    for (const char* uid : {"1.1", "1.4", "1.5"}) {
        EXPECT_TRUE(acknowledged(uid)) << uid;
        EXPECT_TRUE(has(uid)) << uid;
    }
}

TEST_F(PowerCutTest, AfterAFailedSyncOfACheckpointLosesNothingThatWasAcknowledged) {
    EXPECT_EQ(live([&] { receive({"1.1"}); }), 0);
    const int how = live([&] {
        boost::asio::io_context loop;
        AsioWorld world(loop);
        CommitQueue commits(world, test::open_database(folder_));
        PowerCutVfs::fail_sync("hilum.db", 1);
        for (int i = 0; i < 300; ++i)
            commits.submit([i](Transaction& transaction) {
                transaction.count("filler", {{"i", std::to_string(i)}});
            });
        commits.end();
    });
    EXPECT_EQ(how, EX_IOERR) << "a checkpoint that failed is not tried again";
    EXPECT_EQ(live([&] { receive({"1.2"}); }), 0);
    PowerCutVfs::cut_power(folder_.path());
    EXPECT_TRUE(has("1.1"));
    EXPECT_TRUE(has("1.2"));
}

}  // namespace
}  // namespace hilum
