#include "store/database/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/file_system.h"
#include "store/database/migrations.h"
#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using test::open_database;
using test::TemporaryFolder;

TEST(Database, KeepsWhatDurabilityNeeds) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    EXPECT_EQ(database.number("PRAGMA synchronous"), 2);
    EXPECT_EQ(database.number("PRAGMA foreign_keys"), 1);
    EXPECT_EQ(database.number("PRAGMA auto_vacuum"), 2);
    EXPECT_EQ(database.select("PRAGMA journal_mode")[0]["journal_mode"], "wal");
}

// As SQLite does by itself where the disk is full.
TEST(Database, RollsBackAlsoAfterARollbackThatFoundNothing) {
    const test::TemporaryFolder folder;
    auto database = Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    ASSERT_TRUE(database);
    database->roll_back();
    database->begin();
    database->roll_back();
    EXPECT_NO_THROW(database->begin());
    database->roll_back();
}

TEST(Database, IsNotMadeAnewWhereItIsOpenedAnewAndItsFileIsGone) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "hilum.db", facts = folder.path() / "facts";
    auto database = Database::open(file, Database::Access::read_write);
    ASSERT_TRUE(database && database->keep_facts(facts));
    std::filesystem::remove(file);
    EXPECT_EQ(database->reopen().error().code, "database_gone");
    std::filesystem::rename(facts, folder.path() / "away");
    EXPECT_EQ(database->reopen().error().retry, Retry::once_mended) << "as where a disk is away for a while";
    EXPECT_FALSE(std::filesystem::exists(file));
    std::ofstream(file).close();
    EXPECT_EQ(database->reopen().error().code, "database_damaged") << "where nothing is in it any more";
}

// Everybody waits meanwhile, and of gigabytes the walk takes minutes.
TEST(Database, IsOpenedAnewWithoutAWalkThroughAllOfIt) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "hilum.db";
    {
        auto database = Database::open(file, Database::Access::read_write);
        ASSERT_TRUE(database && database->transact(now(), [](Transaction& transaction) {
            for (int i = 0; i < 2000; ++i) transaction.count("things of the sort " + std::to_string(i));
        }));
        database->checkpoint();
        std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(-4096, std::ios::end)
            << std::string(4096, 'x');
        EXPECT_TRUE(database->reopen());
    }
    const auto looked_through = Database::open(file, Database::Access::write_existing);
    ASSERT_FALSE(looked_through) << "it is damaged, indeed";
    EXPECT_EQ(looked_through.error().code, "database_damaged");
}

TEST(Database, OpensAgainWithoutMigratingTwice) {
    const TemporaryFolder folder;
    open_database(folder).count("things");
    auto again = open_database(folder);
    EXPECT_EQ(again.number("SELECT value FROM counter WHERE name = 'things'"), 1);
}

TEST(Database, KeepsTheAnalysesOfAnOlderSchema) {
    const TemporaryFolder folder;
    {
        SQLite::Database old((folder.path() / "hilum.db").string(),
                             SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        old.exec(migrations().front());
        old.exec("INSERT INTO study(id, study_instance_uid, created_at) VALUES(1, '1.2', 0)");
        old.exec(
            "INSERT INTO instance(id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,"
            " transfer_syntax_uid, modality, file, size, dataset_sha256, analysis_sha256, calling_ae, peer,"
            " state, version, received_at)"
            " VALUES(2, 1, '1.2.3', '1', '1', '1', 'CR', 'f', 1, 'd', 'a', 'PACS', 'p', 'to_analyse', 1, 0)");
        old.exec(
            "INSERT INTO analysis(id, instance_id, model, state, attempts, outcome, artifact, created_at,"
            " updated_at) VALUES(7, 2, 'demo', 'analysed', 2, '{}', '7.analysis', 5, 6)");
        old.exec("PRAGMA user_version = 1");
    }
    auto database = open_database(folder);
    const auto rows = database.select("SELECT * FROM analysis");
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0]["id"], 7);
    EXPECT_EQ(rows[0]["frame"], 1);
    EXPECT_EQ(rows[0]["frames"], 1);
    EXPECT_EQ(database.number("SELECT attempt FROM job WHERE lane = 'analyse/demo' AND subject = 7"), 2);
    EXPECT_EQ(rows[0]["artifact"], "7.analysis");
    EXPECT_THROW(database.execute("INSERT INTO analysis(instance_id, model) VALUES(2, 'demo')"),
                 DatabaseFailure);
}

TEST(Database, RefusesASchemaFromTheFuture) {
    const TemporaryFolder folder;
    {
        auto database = open_database(folder);
        database.execute("UPDATE schema_version SET version = 99");
        database.execute("PRAGMA user_version = 99");
    }
    const auto opened = Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("newer Hilum"));
}

TEST(Database, BelievesTheSecondRecordOfItsVersionWhereTheHeadIsDamaged) {
    const TemporaryFolder folder;
    open_database(folder).execute("PRAGMA user_version = 3");
    auto again = open_database(folder);
    EXPECT_EQ(again.number("PRAGMA user_version"), static_cast<std::int64_t>(migrations().size()));
}

TEST(Database, MakesATriggerAnewThatIsNotAsItShouldBe) {
    const TemporaryFolder folder;
    open_database(folder).execute("DROP TRIGGER job_comes");
    auto again = open_database(folder);
    EXPECT_EQ(again.number("SELECT count(*) FROM sqlite_schema WHERE name = 'job_comes'"), 1);
}

TEST(Database, IsBackedUpWhileItIsInUse) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    database.count("things");
    auto reader = Database::open(folder.path() / "hilum.db", Database::Access::read_only);
    ASSERT_TRUE(reader);
    ASSERT_TRUE(reader->back_up(folder.path() / "copy.db"));
    EXPECT_FALSE(reader->back_up(folder.path() / "copy.db")) << "it is there already";
    auto copy = Database::open(folder.path() / "copy.db", Database::Access::read_only);
    ASSERT_TRUE(copy);
    EXPECT_TRUE(copy->problems().value().empty());
    EXPECT_EQ(copy->transact(now(),
                             [](Transaction& t) {
                                 return sql::number(t, "SELECT value FROM counter WHERE name = 'things'");
                             })
                  .value(),
              1);
}

TEST(Database, ABackupIsItsOwnersAlone) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    const auto before = ::umask(0);
    const auto copied = database.database().back_up(folder.path() / "copy.db");
    ::umask(before);
    ASSERT_TRUE(copied);
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(folder.path() / "copy.db").permissions(),
              perms::owner_read | perms::owner_write);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "copy.db.tmp"));
}

// A backup under way holds up a start, and no more.
TEST(Database, WaitsForWhoStillReadsIt) {
    const TemporaryFolder folder;
    auto reader = [&] {
        auto writer = open_database(folder);
        auto opened = std::move(*Database::open(folder.path() / "hilum.db", Database::Access::read_only));
        opened.begin();
        EXPECT_TRUE(opened.problems().value().empty());
        writer.count("things");
        return opened;
    }();
    const auto open = [&] {
        return Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    };
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, "database");
    EXPECT_EQ(opened.error().retry, Retry::once_mended);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("reading it"));
    reader.roll_back();
    EXPECT_TRUE(open());
}

class StoppedReading : public testing::Test {
  protected:
    StoppedReading() {
        writer_.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
            "INSERT INTO counter(name, labels, value) SELECT 'n' || i, '{}', i FROM n");
        reader_.stop_reading_when(stop_.get_token());
    }

    TemporaryFolder folder_;
    test::TestDatabase writer_ = open_database(folder_);
    Database reader_ = std::move(*Database::open(folder_.path() / "hilum.db", Database::Access::read_only));
    std::stop_source stop_;
};

TEST_F(StoppedReading, ACheckThatIsBrokenOffTellsOfNoDamage) {
    EXPECT_TRUE(reader_.problems_of("counter").value().empty());
    stop_.request_stop();
    const auto problems = reader_.problems_of("counter");
    ASSERT_FALSE(problems);
    EXPECT_EQ(problems.error().code, "database");
}

TEST_F(StoppedReading, IsInterruptedBetweenTwoQuestions) {
    int rows = 0;
    const auto read = reader_.transact(now(), [&](Transaction& t) {
        sql::each(t, "SELECT name FROM counter", [&](const sql::Row&) {
            if (++rows == 3) stop_.request_stop();
        });
    });
    EXPECT_FALSE(read);
    EXPECT_EQ(rows, 3);
}

TEST(Database, SaysThatAFileIsNoDatabase) {
    const TemporaryFolder folder;
    const std::string garbage(8192, 'x');
    ASSERT_TRUE(write_file_durably(folder.path() / "hilum.db", std::as_bytes(std::span(garbage))));
    const auto opened = Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("hilum.db"));
}

audit::AuditEvent event(const std::string& type) {
    audit::AuditEvent made;
    made.type = type;
    made.detail = {{"n", 1}};
    return made;
}

TEST(AuditTrail, IsIntactAsWritten) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    for (const char* type : {"one", "two", "three"}) database.append_audit(event(type));
    auto reader = Overview::open(folder.path() / "hilum.db");
    ASSERT_TRUE(reader);
    const auto verified = reader->verify_audit();
    ASSERT_TRUE(verified);
    EXPECT_EQ((*verified)["events"], 3);
    EXPECT_EQ((*verified)["intact"], true);
}

TEST(AuditTrail, GoesOnAfterARestart) {
    const TemporaryFolder folder;
    open_database(folder).append_audit(event("one"));
    open_database(folder).append_audit(event("two"));
    auto reader = Overview::open(folder.path() / "hilum.db");
    EXPECT_EQ((*reader->verify_audit())["intact"], true);
    EXPECT_EQ((*reader->audit_events(0, 10)).size(), 2u);
}

TEST(AuditTrail, ShowsAChangedEvent) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    for (const char* type : {"one", "two", "three"}) database.append_audit(event(type));
    database.execute("UPDATE audit_event SET actor = 'somebody else' WHERE id = 2");
    auto reader = Overview::open(folder.path() / "hilum.db");
    const auto verified = *reader->verify_audit();
    EXPECT_EQ(verified["intact"], false);
    EXPECT_EQ(verified["first_broken"], 2);
}

TEST(AuditTrail, ShowsARemovedEvent) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    for (const char* type : {"one", "two", "three"}) database.append_audit(event(type));
    database.execute("DELETE FROM audit_event WHERE id = 2");
    auto reader = Overview::open(folder.path() / "hilum.db");
    EXPECT_EQ((*reader->verify_audit())["first_broken"], 3);
}

}  // namespace
}  // namespace hilum
