#include "store/retention/forgetting.h"

#include <gmock/gmock.h>

#include "store/overview/gauges.h"
#include "store/retention/removal.h"
#include "store/retention/removed_files.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using std::chrono::hours;

class ForgettingTest : public testing::Test {
  protected:
    std::int64_t gauge(const std::string& kind, const std::string& state) {
        for (const auto& one : read_gauges(database_))
            if (one.name == "jobs" && one.labels.at("kind") == kind && one.labels.at("state") == state)
                return one.value;
        return -1;
    }
    // A study whose files went, with an analysis in this state.
    void make_removed(std::int64_t id, JobState state) {
        database_.execute(
            "INSERT INTO study(id, study_instance_uid, received_at, created_at) VALUES(?1, 'uid' || ?1, 1, "
            "1)",
            id);
        database_.execute(
            "INSERT INTO instance(id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,"
            " transfer_syntax_uid, modality, file, size, dataset_sha256, analysis_sha256, calling_ae, peer, "
            "state,"
            " version, received_at, removed_at) VALUES(?1, ?1, 'i' || ?1, '', '', '', 'CR', 'f' || ?1, 10, "
            "'d', 'a',"
            " 'PACS', '', 'to_analyse', 1, 1, 1)",
            id);
        database_.execute("INSERT INTO analysis(id, instance_id, model) VALUES(?1, ?1, 'demo')", id);
        test::make_job(database_, Lane::analysis, "demo", id, id, state);
        database_.execute("UPDATE study SET removed_at = 1 WHERE id = ?", id);
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(ForgettingTest, KeepsTheTotalsOfWhatWasDone) {
    make_removed(1, JobState::analysed);
    make_removed(2, JobState::quarantined);
    make_removed(3, JobState::analysed);
    EXPECT_EQ(gauge("analysis", "analysed"), 2);
    EXPECT_EQ(forget_studies(database_, hours(1)), 2) << "the newest stays";
    EXPECT_EQ(database_.number("SELECT count(*) FROM job"), 1);
    EXPECT_EQ(gauge("analysis", "analysed"), 2) << "what was done was done";
    EXPECT_EQ(gauge("analysis", "quarantined"), 0) << "nobody is to look after it any more";
}

TEST_F(ForgettingTest, ForgetsWhomAReportWasFiledUnderAndForWhomItWasComposed) {
    make_removed(1, JobState::analysed);
    make_removed(2, JobState::analysed);
    database_.execute(
        "INSERT INTO report(id, study_id, model, version, filed_under) VALUES(1, 1, 'demo', 1, 'a header'), "
        "(2, 2, 'demo', 1, 'another')");
    database_.execute("INSERT INTO composed_for VALUES(1, 'pacs'), (2, 'pacs')");
    EXPECT_EQ(forget_studies(database_, hours(1)), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM report WHERE filed_under = 'a header'"), 0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM composed_for WHERE report_id = 1"), 0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM composed_for WHERE report_id = 2"), 1);
}

TEST_F(ForgettingTest, ForgetsWhatWasSetAsideInTheSpoolWithAnEventForEach) {
    database_.execute(
        "INSERT INTO set_aside(file, code, error, at) VALUES('2026/a.dcm', 'malformed', 'x', 1)");
    database_.execute("INSERT INTO set_aside(file, code, error, at) VALUES('b.dcm', 'malformed', 'x', ?)",
                      to_microseconds(now()));
    EXPECT_EQ(remove_set_aside(database_, hours(24)), 1);
    const auto files = files_to_remove(database_);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(path_of({folder_.path()}, files[0]), DataDirectory{folder_.path()}.set_aside() / "a.dcm");
    EXPECT_EQ(database_.number("SELECT count(*) FROM audit_event WHERE type = 'set_aside_removed'"), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM set_aside"), 1);
}

TEST_F(ForgettingTest, ForgetsOldRecords) {
    database_.execute(
        "INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES('1', 'pacs', 1), ('2', "
        "'pacs', ?)",
        to_microseconds(now()));
    database_.execute(
        "INSERT INTO spool_survey(at, unknown, unfinished, finished_at) VALUES(1, 0, 0, 1), (2, 0, 0, 2)");
    EXPECT_EQ(forget_records(database_, hours(24)), 2);
    EXPECT_EQ(database_.number("SELECT count(*) FROM commitment WHERE transaction_uid = '2'"), 1);
}

TEST_F(ForgettingTest, GivesTheSpaceBack) {
    // As the node does it: each unit of work in a transaction.
    auto& database = database_.database();
    const auto transact = [&](auto work) { return database.transact(now(), work).value(); };
    const std::string text(4000, 'x');
    transact([&](Transaction& t) {
        for (int i = 0; i < 1000; ++i)
            sql::execute(t, "INSERT INTO set_aside(file, code, error, at) VALUES(?, 'c', ?, 1)",
                         std::to_string(i), text);
        return 0;
    });
    const auto pages = [&] {
        return transact([](Transaction& t) { return *sql::number(t, "PRAGMA page_count"); });
    };
    const auto before = pages();
    transact([](Transaction& t) { return sql::execute(t, "DELETE FROM set_aside"); });
    EXPECT_EQ(pages(), before);
    int steps = 0;
    while (transact([](Transaction& t) { return give_back_pages(t); })) ++steps;
    EXPECT_GT(steps, 5) << "in small steps";
    EXPECT_LT(pages(), before - 900);
    database.checkpoint();
    EXPECT_LT(std::filesystem::file_size(folder_.path() / "hilum.db"), 1'000'000u);
}

TEST_F(ForgettingTest, FindsArtifactsThatBelongToNothing) {
    make_removed(1, JobState::analysed);
    database_.execute("UPDATE analysis SET artifact = 'g-1-5.analysis'");
    const std::vector<std::string> names{"g-1-5.analysis", "g-1-4.analysis", "g-1-9.analysis",
                                         "f-1-9.analysis", "g-1.analysis",   "readme",
                                         "g-2-x.analysis"};
    // 9 claims were ever made: the one of claim 9 is of this life's work where only 8 were made before it.
    EXPECT_EQ(note_stray_artifacts(database_, names, "g", 8), 4);
    std::vector<std::string> noted;
    for (const auto& file : files_to_remove(database_)) noted.push_back(file.file);
    EXPECT_THAT(noted, testing::UnorderedElementsAre("g-1-4.analysis", "f-1-9.analysis", "g-1.analysis",
                                                     "g-2-x.analysis"));
}

TEST_F(ForgettingTest, FindsResultsThatNoRowNamesAndNoStudyIsToHaveAgain) {
    make_removed(1, JobState::analysed);
    make_removed(2, JobState::analysed);
    database_.execute("UPDATE instance SET removed_at = NULL WHERE id = 1");
    database_.execute("INSERT INTO report(id, study_id, model, version) VALUES(1, 1, 'demo', 1)");
    database_.execute(
        "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " transfer_syntax_uid, file, sha256, created_at, removed_at) VALUES(1, 'sr', '', '9.1', '', '', "
        "'9.1.dcm', '', 1, NULL), (1, 'oru', '', '9.2', '', '', '9.2.hl7', '', 1, NULL), (1, 'sc', '', "
        "'9.3', "
        "'', '', '9.3.dcm', '', 1, 1)");
    database_.execute(
        "INSERT INTO earlier_result(sop_instance_uid, study_instance_uid, model, version, kind, "
        "sop_class_uid,"
        " series_instance_uid, file, sha256) VALUES('9.4', 'uid1', 'demo', 1, 'sr', '', '', '9.4.dcm', ''),"
        " ('9.5', 'uid2', 'demo', 1, 'sr', '', '', '9.5.dcm', ''), ('9.6', 'unknown', 'demo', 1, 'sr', '', "
        "'', '9.6.dcm', '')");
    database_.execute("INSERT INTO removal(study_id, folder, file) VALUES(1, 'results', '9.7.dcm')");
    std::vector<std::string> names{"readme", "9.8.dcm.tmp"};
    for (int i = 1; i <= 8; ++i) names.push_back(fmt::format("9.{}.dcm", i));
    names.emplace_back("9.2.hl7");
    const auto strays = stray_results(database_, names);
    EXPECT_THAT(strays, testing::UnorderedElementsAre("9.2.dcm", "9.3.dcm", "9.5.dcm", "9.6.dcm", "9.8.dcm",
                                                      "9.8.dcm.tmp"));
    note_stray_results(database_, strays);
    EXPECT_TRUE(stray_results(database_, names).empty());
    // One of them was composed a moment later.
    database_.execute("UPDATE result SET removed_at = NULL WHERE sop_instance_uid = '9.3'");
    std::vector<std::string> going;
    for (const auto& file : files_to_remove(database_)) going.push_back(file.file);
    EXPECT_THAT(going, testing::UnorderedElementsAre("9.2.dcm", "9.5.dcm", "9.6.dcm", "9.7.dcm", "9.8.dcm",
                                                     "9.8.dcm.tmp"));
}

TEST_F(ForgettingTest, NotesTheArtifactThatAnotherOneReplaces) {
    make_removed(1, JobState::analysed);
    database_.execute("UPDATE analysis SET artifact = 'g-1-1.analysis'");
    EXPECT_TRUE(files_to_remove(database_).empty());
    database_.execute("UPDATE analysis SET artifact = 'g-1-2.analysis'");
    const auto files = files_to_remove(database_);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].file, "g-1-1.analysis");
}

}  // namespace
}  // namespace hilum
