#include "pipeline/instance_store.h"

#include <gtest/gtest.h>

#include "unit/pipeline/test_database.h"

namespace hilum {
namespace {

using test::open_database;
using test::received;
using test::TemporaryFolder;

class InstanceStoreTest : public testing::Test {
  protected:
    std::int64_t count(const char* sql) { return database_.number(sql).value_or(-1); }

    TemporaryFolder folder_;
    Database database_ = open_database(folder_);
    InstanceStore store_{StudySettings{}, {"demo"}};
};

TEST_F(InstanceStoreTest, ANewInstanceIsKeptAndQueued) {
    const auto answer = store_.store(database_, received("1.2.3.4"));
    EXPECT_TRUE(answer.committed);
    EXPECT_TRUE(answer.keep_file);
    EXPECT_EQ(answer.outcome, "stored");
    EXPECT_EQ(count("SELECT count(*) FROM analysis WHERE state = 'queued' AND model = 'demo'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE type = 'instance_received'"), 1);
}

TEST_F(InstanceStoreTest, TheSameBytesAgainMakeNoNewJob) {
    store_.store(database_, received("1.2.3.4"));
    const auto again = store_.store(database_, received("1.2.3.4"));
    EXPECT_TRUE(again.committed);
    EXPECT_FALSE(again.keep_file);
    EXPECT_EQ(again.outcome, "duplicate");
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 1);
}

TEST_F(InstanceStoreTest, AnotherHeaderIsKeptBesideTheOldOneWithoutANewJob) {
    store_.store(database_, received("1.2.3.4", "1.2.3", "a", "m"));
    const auto other = store_.store(database_, received("1.2.3.4", "1.2.3", "b", "m"));
    EXPECT_TRUE(other.keep_file);
    EXPECT_EQ(other.outcome, "new_version");
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 2);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(count("SELECT version FROM instance WHERE state = 'kept'"), 2);
}

TEST_F(InstanceStoreTest, OtherPixelsAreAnalysedAgainAndTheOldJobEnds) {
    store_.store(database_, received("1.2.3.4", "1.2.3", "a", "m"));
    store_.store(database_, received("1.2.3.4", "1.2.3", "b", "n"));
    EXPECT_EQ(count("SELECT count(*) FROM instance WHERE state = 'superseded'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM analysis WHERE state = 'discarded'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM analysis WHERE state = 'queued'"), 1);
}

TEST_F(InstanceStoreTest, AnOldStudyIsStoredButNotAnalysed) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    EXPECT_EQ(store_.store(database_, commit).outcome, "prior");
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 0);
    EXPECT_EQ(count("SELECT count(*) FROM instance WHERE state = 'prior'"), 1);
}

TEST_F(InstanceStoreTest, AnOldStudyIsOldWhateverTheFormOfItsDate) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "2010.01.01";
    EXPECT_EQ(store_.store(database_, commit).outcome, "prior");
}

TEST_F(InstanceStoreTest, WithoutAnAgeLimitAnOldStudyIsAnalysed) {
    StudySettings settings;
    settings.max_age.reset();
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    EXPECT_EQ(InstanceStore(settings, {"demo"}).store(database_, commit).outcome, "stored");
}

TEST_F(InstanceStoreTest, AMalformedStudyDateDoesNotMakeAPrior) {
    for (const char* date : {"", "2010010", "2010011x", "20101399", "20100230"}) {
        auto commit = received(std::string("1.2.3.4.") + std::to_string(std::strlen(date)) + date[0] + "");
        commit.header.study_date = date;
        commit.dataset_sha256 = std::string("d") + date;
        commit.file = std::string("f") + date;
        EXPECT_EQ(store_.store(database_, commit).keep_file, true) << date;
    }
    EXPECT_EQ(count("SELECT count(*) FROM instance WHERE state = 'prior'"), 0);
}

TEST_F(InstanceStoreTest, ASteadyStreamOfImagesIsReportedAfterMaxWait) {
    store_.store(database_, received("1.2.3.4"));
    const auto long_ago = to_microseconds(now()) - StudySettings{}.max_wait.count();
    database_.execute("UPDATE study SET first_pending_at = ?", long_ago);
    store_.store(database_, received("1.2.3.5"));
    EXPECT_LE(count("SELECT due_at FROM study"), to_microseconds(now()));
}

TEST_F(InstanceStoreTest, OurOwnResultComingBackIsDiscarded) {
    store_.store(database_, received("1.2.3.4"));
    database_.execute(
        "INSERT INTO report(study_id, model, version, state, created_at, updated_at)"
        " VALUES(1, 'demo', 1, 'composed', 0, 0)");
    database_.execute(
        "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sc', '1', '2.25.7', '1', '1', 'f',"
        " '', 0)");
    const auto answer = store_.store(database_, received("2.25.7"));
    EXPECT_TRUE(answer.committed);
    EXPECT_FALSE(answer.keep_file);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE detail LIKE '%own_result%'"), 1);
}

TEST_F(InstanceStoreTest, ADiscardIsRecorded) {
    const auto commit = received("1.2.3.4");
    const auto answer = store_.discard(database_, {commit.header, "report", "PACS", "127.0.0.1"});
    EXPECT_TRUE(answer.committed);
    EXPECT_FALSE(answer.keep_file);
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE type = 'instance_discarded'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 0);
}

}  // namespace
}  // namespace hilum
