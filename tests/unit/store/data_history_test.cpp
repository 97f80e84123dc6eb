#include "store/data_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "pipeline/asio_world.h"
#include "store/overview/storage_status.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

class DataHistoryTest : public testing::Test {
  protected:
    DataHistoryTest() {
        std::filesystem::create_directories(directory_.spool());
        std::filesystem::create_directories(directory_.results());
    }

    // One life of the node, in which so many events happen. What it was told at its start.
    std::string live(int events = 1, bool marks = true) {
        auto database = test::open_database(folder_);
        const auto generation = join_history(world_, database.database(), directory_).value();
        for (int i = 0; i < events; ++i) database.append_audit({});
        if (marks && !write_mark(world_.files(), directory_, mark_of(database))) return "cannot mark";
        id_ = generation.id;
        generations_ = mark_of(database).generations;
        return generation.reason;
    }
    void lose_database() {
        for (const char* name : {"hilum.db", "hilum.db-wal", "hilum.db-shm"})
            std::filesystem::remove(folder_.path() / name);
    }
    void back_up(const char* name) {
        std::filesystem::copy_file(directory_.database(), folder_.path() / name,
                                   std::filesystem::copy_options::overwrite_existing);
    }
    void restore(const char* name) {
        lose_database();
        std::filesystem::copy_file(folder_.path() / name, directory_.database());
    }
    std::int64_t told(const char* type) {
        auto database = test::open_database(folder_);
        return database.number("SELECT count(*) FROM audit_event WHERE type = ?", type).value();
    }

    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
    test::TemporaryFolder folder_;
    DataDirectory directory_{folder_.path()};
    std::string id_;
    std::vector<std::string> generations_;
};

TEST_F(DataHistoryTest, ANewNodeHasNothingToTell) {
    EXPECT_EQ(live(), "");
    EXPECT_EQ(generations_.size(), 1u);
}

TEST_F(DataHistoryTest, ADatabaseGoesOnUnderItsName) {
    live();
    const auto id = id_;
    EXPECT_EQ(live(), "");
    EXPECT_EQ(live(3, false), "") << "the mark lags behind after a crash";
    EXPECT_EQ(live(), "");
    EXPECT_EQ(id_, id);
}

TEST_F(DataHistoryTest, AStartThatFailsBeforeItsFirstEventLosesNothing) {
    EXPECT_EQ(live(0, false), "");
    const auto id = id_;
    EXPECT_EQ(live(0, false), "") << "and once more";
    EXPECT_EQ(live(), "");
    EXPECT_EQ(id_, id);
    EXPECT_EQ(generations_.size(), 1u);
    EXPECT_EQ(told("database_created"), 0);
}

TEST_F(DataHistoryTest, APowerCutBeforeTheFirstMarkLosesNothing) {
    live(0, false);
    std::filesystem::remove(mark_file(directory_));
    EXPECT_EQ(live(0, false), "");
    EXPECT_EQ(generations_.size(), 1u);
    EXPECT_TRUE(read_mark(directory_).value());
    EXPECT_EQ(told("database_created"), 0);
}

TEST_F(DataHistoryTest, ASpoolThatIsPutBesideADatabaseThatNeverRanIsTold) {
    live(0, false);
    test::put_in_spool(folder_, "20260101/a.dcm");
    EXPECT_EQ(live(), "created");
}

TEST_F(DataHistoryTest, ALostDatabaseIsTold) {
    live();
    const auto before = id_;
    lose_database();
    EXPECT_EQ(live(), "created");
    EXPECT_THAT(generations_, testing::ElementsAre(before, id_));
    EXPECT_EQ(told("database_created"), 1);
    EXPECT_EQ(live(), "") << "once";
}

TEST_F(DataHistoryTest, ADatabaseBesideASpoolThatIsNotEmptyIsTold) {
    test::put_in_spool(folder_, "20260101/a.dcm");
    EXPECT_EQ(live(), "created");
    EXPECT_EQ(generations_.size(), 2u) << "results of the unknown life before may exist";
}

TEST_F(DataHistoryTest, AKillWhileTheDatabaseIsMadeHidesNothing) {
    test::put_in_spool(folder_, "20260101/a.dcm");
    test::open_database(folder_);  // and no further
    EXPECT_EQ(live(), "created");
}

TEST_F(DataHistoryTest, ARestoredBackupIsTold) {
    live(5);
    back_up("backup");
    live(5);
    restore("backup");
    EXPECT_EQ(live(), "older");
    EXPECT_EQ(generations_.size(), 2u);
    EXPECT_EQ(live(), "");
}

TEST_F(DataHistoryTest, WhatWasLostIsMissedUntilItIsReconciled) {
    const auto reconciled = [&] {
        auto database = test::open_database(folder_);
        return is_reconciled(database);
    };
    live(2);
    EXPECT_TRUE(reconciled()) << "a new node has lost nothing";
    back_up("backup");
    live(1);
    restore("backup");
    EXPECT_EQ(live(), "older");
    EXPECT_FALSE(reconciled());
    EXPECT_EQ(live(), "") << "a start that was cut off";
    EXPECT_FALSE(reconciled());
    {
        auto database = test::open_database(folder_);
        keep_reconciled(database);
    }
    EXPECT_TRUE(reconciled());
    lose_database();
    EXPECT_EQ(live(), "created");
    EXPECT_FALSE(reconciled());
}

TEST_F(DataHistoryTest, ABackupOfTheSameLifeIsToldAsWell) {
    live(2);
    back_up("backup");
    {
        auto database = test::open_database(folder_);
        database.append_audit({});
        ASSERT_TRUE(write_mark(world_.files(), directory_, mark_of(database)));
    }
    restore("backup");
    EXPECT_EQ(live(), "older");
}

TEST_F(DataHistoryTest, ABackupOverANewDatabaseIsToldAndBothNamesAreKept) {
    live(5);
    back_up("backup");
    lose_database();
    live(1);  // fewer events than the backup has
    const auto between = id_;
    restore("backup");
    EXPECT_EQ(live(), "older");
    EXPECT_EQ(generations_.size(), 3u);
    EXPECT_THAT(generations_, testing::Contains(between));
}

TEST_F(DataHistoryTest, ADatabaseThatWentAnotherWayIsForeign) {
    live(3);
    back_up("backup");
    live(1);
    const auto mark = read_mark(directory_).value();
    restore("backup");
    live(9);
    ASSERT_TRUE(write_mark(world_.files(), directory_, *mark));
    test::open_database(folder_).execute("DELETE FROM generation WHERE number > 1");
    EXPECT_EQ(live(), "foreign");
}

TEST_F(DataHistoryTest, ADatabaseOfAnotherNodeIsForeign) {
    live(3);
    const auto mark = read_mark(directory_).value();
    std::filesystem::remove(mark_file(directory_));
    lose_database();
    live(9);
    ASSERT_TRUE(write_mark(world_.files(), directory_, *mark));
    EXPECT_EQ(live(), "foreign");
}

TEST_F(DataHistoryTest, AKillBeforeTheMarkTellsOfTheNewLifeIsNoSecondLoss) {
    live(5);
    back_up("backup");
    live(5);
    for (const char* reason : {"older", "created"}) {
        const auto mark = read_mark(directory_).value();
        lose_database();
        if (std::string(reason) == "older") restore("backup");
        ASSERT_EQ(live(0), reason);
        const auto id = id_;
        ASSERT_TRUE(write_mark(world_.files(), directory_, *mark));
        EXPECT_EQ(live(0, false), "");
        EXPECT_EQ(id_, id);
        EXPECT_EQ(read_mark(directory_).value()->generations, generations_) << "told now";
        EXPECT_EQ(told("database_foreign"), 0);
    }
}

// A folder in place of a file: it can be opened, and not read.
TEST_F(DataHistoryTest, AJournalThatCannotBeReadIsWaitedFor) {
    live();
    lose_database();
    const auto unreadable = directory_.facts() / "00000001.facts";
    std::filesystem::create_directories(unreadable);
    {
        auto database = test::open_database(folder_);
        const auto refused = join_history(world_, database.database(), directory_);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().retry, Retry::once_mended);
        EXPECT_THAT(refused.error().message, testing::HasSubstr(unreadable.string()));
    }
    std::filesystem::remove(unreadable);
    EXPECT_EQ(live(), "created") << "nothing was begun before";
}

TEST_F(DataHistoryTest, FoldersWithoutAMarkAreTold) {
    live();
    std::filesystem::remove(mark_file(directory_));
    EXPECT_EQ(live(), "unmarked");
    const std::string damaged = "{\"generations\": 5";
    ASSERT_TRUE(write_file_durably(mark_file(directory_), std::as_bytes(std::span(damaged))));
    EXPECT_EQ(live(), "unmarked");
}

TEST_F(DataHistoryTest, AnUpgradedNodeHasNothingToTell) {
    live();
    std::filesystem::remove(mark_file(directory_));
    test::open_database(folder_).execute("DELETE FROM generation");
    EXPECT_EQ(live(), "");
    EXPECT_EQ(generations_.size(), 1u);
}

TEST_F(DataHistoryTest, StatusShowsIt) {
    live();
    EXPECT_TRUE((*storage_status(directory_))["database"].is_null());
    lose_database();
    live();
    EXPECT_EQ((*storage_status(directory_))["database"]["reason"], "created");
}

}  // namespace
}  // namespace hilum
