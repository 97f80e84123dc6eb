// Failed syncs of the database and power cuts: what was acknowledged stays.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <sysexits.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>

#include "pipeline/asio_world.h"
#include "store/database/commit_queue.h"
#include "support/power_cut_vfs.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
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
    // Commits objects one after another, each once; one that is acknowledged is told by a file. Where the
    // database is in trouble the next waits until it is not, and `pause` beside.
    void receive(std::initializer_list<const char*> uids, std::chrono::milliseconds pause = 0ms) {
        boost::asio::io_context loop;
        const auto goes_on = boost::asio::make_work_guard(loop);
        AsioWorld world(loop);
        CommitQueue commits(world, test::open_database(folder_));
        const auto store = test::instance_store(folder_);
        for (const std::string uid : uids) {
            bool told = false;
            commits.submit(
                [&](Transaction& transaction) { return store.store(transaction, test::received(uid)); },
                [&](const Result<StoredInstance>& stored) {
                    told = true;
                    if (stored) std::ofstream(folder_.path() / ("acknowledged-" + uid));
                });
            while (!told) loop.run_one();
            if (pause > 0ms) loop.run_for(pause);
            while (commits.trouble() && uid != "1.2") loop.run_one();
        }
        ::_exit(0);  // before anything is closed in order
    }
    // The database fails after this was done to it; 0: it goes on by itself. `meanwhile`: why it fails now.
    int live_through(
        const std::function<void()>& damage,
        const std::function<void(const Error&)>& meanwhile = [](const Error&) {}) {
        { const auto prepared = test::open_database(folder_); }
        return live([&] {
            boost::asio::io_context loop;
            const auto goes_on = boost::asio::make_work_guard(loop);
            AsioWorld world(loop);
            CommitQueue commits(world, test::open_database(folder_));
            PowerCutVfs::fail_sync("-wal", 1);
            commits.submit([&](Transaction& transaction) {
                transaction.count("x");
                damage();
            });
            while (!commits.trouble()) loop.run_one();
            while (commits.trouble()) {
                meanwhile(*commits.trouble());
                loop.run_one();
            }
            ::_exit(0);
        });
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

// What nobody can tell is refused, and so is what comes while the database is closed; soon it is well again.
TEST_F(PowerCutTest, AfterAFailedSyncOfTheWalGoesOnByItselfAndLosesNothingThatWasAcknowledged) {
    EXPECT_EQ(live([&] { receive({"1.1"}); }), 0);
    const int how = live([&] {
        auto prepared = test::open_database(folder_);
        PowerCutVfs::fail_sync("-wal", 1);
        receive({"1.2", "1.3", "1.4"}, 100ms);
    });
    EXPECT_EQ(how, 0) << "it goes on";
    EXPECT_FALSE(acknowledged("1.2"));
    EXPECT_TRUE(acknowledged("1.4")) << "it was opened anew";
    EXPECT_EQ(live([&] { receive({"1.5"}); }), 0);
    PowerCutVfs::cut_power(folder_.path());
    for (const char* uid : {"1.1", "1.4", "1.5"}) {
        EXPECT_TRUE(acknowledged(uid)) << uid;
        EXPECT_TRUE(has(uid)) << uid;
    }
}

TEST_F(PowerCutTest, AfterAFailedSyncSaysThatTheCommitIsUnknownAndTheDatabaseInTrouble) {
    const int how = live([&] {
        boost::asio::io_context loop;
        const auto goes_on = boost::asio::make_work_guard(loop);
        AsioWorld world(loop);
        CommitQueue commits(world, test::open_database(folder_));
        PowerCutVfs::fail_sync("-wal", 1);
        std::optional<Error> error;
        commits.submit([](Transaction& transaction) { transaction.count("x"); },
                       [&](const Result<void>& done) { error = done.error(); });
        while (!error || !commits.trouble()) loop.run_one();
        if (error->code != "commit_unknown" || error->retry != Retry::once_mended) ::_exit(1);
        while (commits.trouble()) loop.run_one();
        ::_exit(0);
    });
    EXPECT_EQ(how, 0);
}

TEST_F(PowerCutTest, TriesToOpenItUntilTheDiskIsMended) {
    const int how = live([&] {
        boost::asio::io_context loop;
        const auto goes_on = boost::asio::make_work_guard(loop);
        AsioWorld world(loop);
        CommitQueue commits(world, test::open_database(folder_));
        PowerCutVfs::fail_sync("-wal", 1);
        bool kept = false;
        int tries = 0;
        commits.submit_until_kept(
            [&](Transaction& transaction) {
                if (++tries < 3) PowerCutVfs::fail_sync("-wal", 1);
                transaction.count("x");
            },
            [&](const Result<void>& done) { kept = done.has_value(); });
        while (!kept) loop.run_one();
        ::_exit(tries);
    });
    EXPECT_EQ(how, 3);
}

TEST_F(PowerCutTest, ADatabaseThatIsDamagedWhenItIsOpenedAnewEndsTheProcess) {
    const auto overwrite = [&] {
        std::fstream file(folder_.path() / "hilum.db", std::ios::in | std::ios::out);
        file << "no database any more";
    };
    EXPECT_EQ(live_through(overwrite), EX_IOERR) << "a restart salvages what it holds";
}

TEST_F(PowerCutTest, ADatabaseThatIsGoneWhenItIsOpenedAnewEndsTheProcessAndIsNotMadeAnew) {
    const auto file = folder_.path() / "hilum.db";
    EXPECT_EQ(live_through([&] { std::filesystem::rename(file, folder_.path() / "elsewhere"); }), EX_IOERR);
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(PowerCutTest, ADiskThatIsAwayForAWhileIsWaitedFor) {
    const auto away = folder_.path().string() + ".away";
    const auto comes_back = [&](const Error& error) {
        if (error.message.find("unable to open") != std::string::npos && std::filesystem::exists(away))
            std::filesystem::rename(away, folder_.path());
    };
    EXPECT_EQ(live_through([&] { std::filesystem::rename(folder_.path(), away); }, comes_back), 0);
}

TEST_F(PowerCutTest, AfterAFailedSyncOfACheckpointLosesNothingThatWasAcknowledged) {
    EXPECT_EQ(live([&] { receive({"1.1"}); }), 0);
    const int how = live([&] {
        boost::asio::io_context loop;
        const auto goes_on = boost::asio::make_work_guard(loop);
        AsioWorld world(loop);
        CommitQueue commits(world, test::open_database(folder_));
        PowerCutVfs::fail_sync("hilum.db", 1);
        for (int i = 0; i < 300; ++i)
            commits.submit([i](Transaction& transaction) {
                transaction.count("filler", {{"i", std::to_string(i)}});
            });
        while (!commits.trouble()) loop.run_one();
        while (commits.trouble()) loop.run_one();
        ::_exit(0);
    });
    EXPECT_EQ(how, 0) << "it is opened anew, which does it again from the start";
    EXPECT_EQ(live([&] { receive({"1.2"}); }), 0);
    PowerCutVfs::cut_power(folder_.path());
    EXPECT_TRUE(has("1.1"));
    EXPECT_TRUE(has("1.2"));
}

}  // namespace
}  // namespace hilum
