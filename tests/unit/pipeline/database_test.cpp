#include "pipeline/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_system.h"
#include "pipeline/queries.h"
#include "unit/pipeline/test_database.h"

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

TEST(Database, OpensAgainWithoutMigratingTwice) {
    const TemporaryFolder folder;
    open_database(folder).count("things");
    auto again = open_database(folder);
    EXPECT_EQ(again.number("SELECT value FROM counter WHERE name = 'things'"), 1);
}

TEST(Database, RefusesASchemaFromTheFuture) {
    const TemporaryFolder folder;
    open_database(folder).execute("PRAGMA user_version = 99");
    const auto opened = Database::open(folder.path() / "hilum.db", Database::Access::read_write);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("newer Hilum"));
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
    auto reader = DatabaseReader::open(folder.path() / "hilum.db");
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
    auto reader = DatabaseReader::open(folder.path() / "hilum.db");
    EXPECT_EQ((*reader->verify_audit())["intact"], true);
    EXPECT_EQ((*reader->audit_events(0, 10)).size(), 2u);
}

TEST(AuditTrail, ShowsAChangedEvent) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    for (const char* type : {"one", "two", "three"}) database.append_audit(event(type));
    database.execute("UPDATE audit_event SET actor = 'somebody else' WHERE id = 2");
    auto reader = DatabaseReader::open(folder.path() / "hilum.db");
    const auto verified = *reader->verify_audit();
    EXPECT_EQ(verified["intact"], false);
    EXPECT_EQ(verified["first_broken"], 2);
}

TEST(AuditTrail, ShowsARemovedEvent) {
    const TemporaryFolder folder;
    auto database = open_database(folder);
    for (const char* type : {"one", "two", "three"}) database.append_audit(event(type));
    database.execute("DELETE FROM audit_event WHERE id = 2");
    auto reader = DatabaseReader::open(folder.path() / "hilum.db");
    EXPECT_EQ((*reader->verify_audit())["first_broken"], 3);
}

}  // namespace
}  // namespace hilum
