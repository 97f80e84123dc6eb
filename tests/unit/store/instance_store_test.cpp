#include "store/instance_store.h"

#include "store/overview/overview.h"
#include "store/spool_records.h"
#include "unit/store/instance_store_fixture.h"

namespace hilum {
namespace {

TEST_F(InstanceStoreTest, ANewInstanceIsKeptAndQueued) {
    const auto answer = store_.store(database_, received("1.2.3.4")).answer;
    EXPECT_TRUE(answer.committed);
    EXPECT_TRUE(answer.keep_file);
    EXPECT_EQ(answer.outcome, StoreOutcome::stored);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued' AND lane = 'analyse/demo'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE type = 'instance_received'"), 1);
}

TEST_F(InstanceStoreTest, TheSameBytesAgainMakeNoNewJob) {
    receive(received("1.2.3.4"));
    const auto again = receive(received("1.2.3.4"));
    EXPECT_TRUE(again.committed);
    EXPECT_FALSE(again.keep_file);
    EXPECT_EQ(again.outcome, StoreOutcome::duplicate);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 1);
}

TEST_F(InstanceStoreTest, AnotherHeaderIsKeptBesideTheOldOneWithoutANewJob) {
    store_.store(database_, received("1.2.3.4", "1.2.3", "a", "m"));
    const auto other = store_.store(database_, received("1.2.3.4", "1.2.3", "b", "m")).answer;
    EXPECT_TRUE(other.keep_file);
    EXPECT_EQ(other.outcome, StoreOutcome::new_version);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 2);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(count("SELECT version FROM instance WHERE state = 'kept'"), 2);
}

TEST_F(InstanceStoreTest, OtherPixelsAreAnalysedAgainAndTheOldJobEnds) {
    store_.store(database_, received("1.2.3.4", "1.2.3", "a", "m"));
    store_.store(database_, received("1.2.3.4", "1.2.3", "b", "n"));
    EXPECT_EQ(count("SELECT count(*) FROM instance WHERE state = 'superseded'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'discarded'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued'"), 1);
}

TEST_F(InstanceStoreTest, AnOldStudyIsStoredButNotAnalysed) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    EXPECT_EQ(store_.store(database_, commit).answer.outcome, StoreOutcome::prior);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 0);
    EXPECT_EQ(count("SELECT count(*) FROM instance WHERE state = 'prior'"), 1);
}

TEST_F(InstanceStoreTest, AnOldStudyIsOldWhateverTheFormOfItsDate) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "2010.01.01";
    EXPECT_EQ(store_.store(database_, commit).answer.outcome, StoreOutcome::prior);
}

TEST_F(InstanceStoreTest, WithoutAnAgeLimitAnOldStudyIsAnalysed) {
    StudySettings settings;
    settings.max_age.reset();
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    EXPECT_EQ(test::instance_store(folder_, settings).store(database_, commit).answer.outcome,
              StoreOutcome::stored);
}

TEST_F(InstanceStoreTest, AMalformedStudyDateDoesNotMakeAPrior) {
    for (const char* date : {"", "2010010", "2010011x", "20101399", "20100230"}) {
        auto commit = received(std::string("1.2.3.4.") + std::to_string(std::strlen(date)) + date[0] + "");
        commit.header.study_date = date;
        commit.dataset_sha256 = std::string("d") + date;
        commit.file = std::string("f") + date;
        EXPECT_EQ(store_.store(database_, commit).answer.keep_file, true) << date;
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
    database_.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', 1)");
    database_.execute(
        "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sc', '1', '2.25.7', '1', '1', 'f',"
        " '', 0)");
    const auto answer = store_.store(database_, received("2.25.7")).answer;
    EXPECT_TRUE(answer.committed);
    EXPECT_FALSE(answer.keep_file);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE detail LIKE '%own_result%'"), 1);
}

TEST_F(InstanceStoreTest, AnOlderVersionThatComesAgainIsTheNewest) {
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    analysed_and_reported();
    auto wrong = received("1.2.3.4", "1.2.3", "b", "n");
    wrong.header.patient_id = "SOMEBODY ELSE";
    receive(wrong);
    analysed_and_reported();
    EXPECT_EQ(analysed_data(), "datab");

    database_.execute("UPDATE study SET received_at = 1");
    const auto again = receive(received("1.2.3.4", "1.2.3", "a", "m"));
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE received_at > 1"), 1);
    EXPECT_EQ(again.outcome, StoreOutcome::new_version);
    EXPECT_TRUE(again.keep_file);
    EXPECT_EQ(analysed_data(), "dataa");
    EXPECT_EQ(count("SELECT version FROM instance WHERE state = 'to_analyse'"), 3);
    EXPECT_EQ(count("SELECT count(*) FROM instance WHERE state = 'superseded'"), 1);
    EXPECT_EQ(text("SELECT patient_id FROM study"), "P1");
    EXPECT_EQ(count("SELECT count(*) FROM analysis JOIN job ON subject = analysis.id WHERE state = 'queued' "
                    "AND analysis.outcome IS NULL"),
              1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);

    analysed_and_reported();
    EXPECT_EQ(receive(received("1.2.3.4", "1.2.3", "a", "m")).outcome, StoreOutcome::duplicate);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued'"), 0);
    EXPECT_EQ(receive(wrong).outcome, StoreOutcome::new_version);
    EXPECT_EQ(analysed_data(), "datab");
}

TEST_F(InstanceStoreTest, HeadersThatTakeTurnsMakeNeitherJobsNorFiles) {
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    analysed_and_reported();
    EXPECT_TRUE(receive(received("1.2.3.4", "1.2.3", "b", "m")).keep_file);
    EXPECT_FALSE(receive(received("1.2.3.4", "1.2.3", "a", "m")).keep_file);
    EXPECT_FALSE(receive(received("1.2.3.4", "1.2.3", "b", "m")).keep_file);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 2);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued'"), 0);
    EXPECT_EQ(analysed_data(), "dataa");
}

TEST_F(InstanceStoreTest, ADuplicateOfWhatTheSpoolLostIsKept) {
    receive(received("1.2.3.4"));
    std::filesystem::remove_all(DataDirectory{folder_.path()}.spool());
    const auto again = receive(received("1.2.3.4"));
    EXPECT_EQ(again.outcome, StoreOutcome::duplicate);
    EXPECT_TRUE(again.keep_file);
    EXPECT_EQ(text("SELECT file FROM instance"), "2.dcm");
    EXPECT_FALSE(receive(received("1.2.3.4")).keep_file);
}

// ---- the same data set under another transfer syntax ----

// As a receiver has it, whose analysis_sha256 begins with the transfer syntax.
StoreCommit under(const std::string& transfer_syntax_uid, const std::string& bytes = "a") {
    auto commit = received("1.2.3.4", "1.2.3", bytes, "m" + transfer_syntax_uid);
    commit.header.transfer_syntax_uid = transfer_syntax_uid;
    return commit;
}
constexpr const char *baseline = "1.2.840.10008.1.2.4.50", *lossless = "1.2.840.10008.1.2.4.70";

TEST_F(InstanceStoreTest, ACorrectedTransferSyntaxIsNoDuplicate) {
    receive(under(baseline));
    analysed_and_reported();
    const auto corrected = receive(under(lossless));
    EXPECT_EQ(corrected.outcome, StoreOutcome::new_version);
    EXPECT_TRUE(corrected.keep_file);
    EXPECT_EQ(replaced_file_, "1.dcm");
    EXPECT_EQ(text("SELECT transfer_syntax_uid || ' ' || file FROM instance WHERE state = 'to_analyse'"),
              std::string(lossless) + " 2.dcm");
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued' AND lane = 'analyse/demo'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM analysis WHERE outcome IS NULL"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);
    EXPECT_EQ(receive(under(lossless)).outcome, StoreOutcome::duplicate);
    EXPECT_EQ(receive(under(baseline)).outcome, StoreOutcome::new_version);
}

TEST_F(InstanceStoreTest, AnOlderVersionUnderAnotherTransferSyntaxIsKeptAsItCame) {
    receive(under(baseline, "a"));
    receive(under(lossless, "b"));
    EXPECT_TRUE(receive(under(lossless, "a")).keep_file) << "the file that is there names the other one";
    EXPECT_EQ(text("SELECT transfer_syntax_uid || ' ' || file FROM instance WHERE dataset_sha256 = 'dataa'"),
              std::string(lossless) + " 3.dcm");
    EXPECT_EQ(analysed_data(), "datab") << "which is the same image";
}

TEST_F(InstanceStoreTest, AfterALossTheNewerTransferSyntaxCounts) {
    lose_what_was_known();
    auto first = under(baseline), second = under(lossless), older = under("1.2.840.10008.1.2.4.57");
    second.file = "second.dcm", older.file = "older.dcm";
    store_.adopt(database_, first, now() - std::chrono::hours(2));
    EXPECT_EQ(store_.adopt(database_, second, now() - std::chrono::hours(1)).outcome, Adoption::adopted);
    const auto left = store_.adopt(database_, older, now() - std::chrono::hours(3));
    EXPECT_EQ(left.outcome, Adoption::duplicate);
    EXPECT_EQ(left.known_file, "second.dcm");
    EXPECT_EQ(text("SELECT transfer_syntax_uid || ' ' || file FROM instance"),
              std::string(lossless) + " second.dcm");
}

TEST_F(InstanceStoreTest, WhatATransferSyntaxReplacedIsNoNewsInADatabaseThatLostNothing) {
    receive(under(baseline));
    receive(under(lossless));
    auto left = under(baseline);  // its file was not removed before a crash, and the clock was set back
    left.file = "left.dcm";
    EXPECT_EQ(store_.adopt(database_, left, now() + std::chrono::hours(1)).outcome, Adoption::duplicate);
    EXPECT_EQ(text("SELECT transfer_syntax_uid FROM instance"), lossless);
}

TEST_F(InstanceStoreTest, AFileThatTakesTheOthersPlaceHasItsOwnTransferSyntax) {
    receive(under(baseline));
    auto found = under(lossless);
    found.file = "found.dcm";
    keep_file_replaced(database_, 1, found, "1.dcm");
    EXPECT_EQ(text("SELECT transfer_syntax_uid || ' ' || file FROM instance"),
              std::string(lossless) + " found.dcm");
}

// ---- what the study is found by ----

TEST_F(InstanceStoreTest, WhatAnImageLacksItDoesNotTakeFromTheStudy) {
    receive(received("1.2.3.4"));
    auto bare = received("1.2.3.5");
    bare.header.accession_number = bare.header.patient_id = "";
    auto corrected = received("1.2.3.6");
    corrected.header.accession_number = "A2";
    receive(bare);
    EXPECT_EQ(text("SELECT accession_number || ' ' || patient_id FROM study"), "A1 P1");
    receive(corrected);
    EXPECT_EQ(text("SELECT accession_number || ' ' || patient_id FROM study"), "A2 P1");
}

TEST_F(InstanceStoreTest, NorItsDate) {
    auto dated = received("1.2.3.4");
    dated.header.study_date = "20991231";
    receive(dated);
    receive(received("1.2.3.5"));
    EXPECT_EQ(text("SELECT study_date FROM study"), "20991231");
}

// ---- adoption ----

TEST_F(InstanceStoreTest, AnUnknownObjectIsAdoptedAsIfReceived) {
    const auto adoption = store_.adopt(database_, received("1.2.3.4"), now() - std::chrono::hours(1));
    EXPECT_EQ(adoption.outcome, Adoption::adopted);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued'"), 1);
    EXPECT_EQ(text("SELECT calling_ae FROM instance"), "PACS");
    EXPECT_LT(count("SELECT received_at FROM instance"), to_microseconds(now()) - 3'000'000'000);
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE type = 'instance_adopted'"), 1);
    EXPECT_EQ(store_.adopt(database_, received("1.2.3.4"), now()).outcome, Adoption::known);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 1);
}

TEST_F(InstanceStoreTest, WhatIsKnownUnderAnotherNameIsADuplicate) {
    receive(received("1.2.3.4"));
    auto found = received("1.2.3.4");
    found.file = "found.dcm";
    const auto adoption = store_.adopt(database_, found, now());
    EXPECT_EQ(adoption.outcome, Adoption::duplicate);
    EXPECT_EQ(adoption.known_file, "1.dcm");
}

TEST_F(InstanceStoreTest, AnUnknownObjectThatIsOlderTakesNothingFromTheNewest) {
    receive(received("1.2.3.4", "1.2.3", "b", "n"));
    analysed_and_reported();
    auto older = received("1.2.3.4", "1.2.3", "a", "m");
    older.header.patient_id = "WRONG";
    EXPECT_EQ(store_.adopt(database_, older, now() - std::chrono::hours(1)).outcome, Adoption::adopted);
    EXPECT_EQ(analysed_data(), "datab");
    EXPECT_EQ(text("SELECT patient_id FROM study"), "P1");
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 0);
    EXPECT_EQ(receive(received("1.2.3.4", "1.2.3", "b", "n")).outcome, StoreOutcome::duplicate);
}

TEST_F(InstanceStoreTest, AnUnknownObjectThatIsNewerIsTheNewestVersion) {
    lose_what_was_known();
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    database_.execute("UPDATE instance SET received_at = 1");
    EXPECT_EQ(store_.adopt(database_, received("1.2.3.4", "1.2.3", "b", "n"), now()).outcome,
              Adoption::adopted);
    EXPECT_EQ(analysed_data(), "datab");
    auto again = received("1.2.3.4", "1.2.3", "a", "m");  // sent again, and its row lost
    again.file = "again.dcm";
    EXPECT_EQ(store_.adopt(database_, again, now() + std::chrono::seconds(1)).outcome, Adoption::adopted);
    EXPECT_EQ(analysed_data(), "dataa");
    EXPECT_EQ(text("SELECT file FROM instance WHERE state = 'to_analyse'"), "again.dcm");
}

// A, B, the clock set back, A, B, and a crash before the files that were replaced were removed.
TEST_F(InstanceStoreTest, WhatHasARowIsNoNewsWhateverTheClockSaidWhenItWasWritten) {
    for (const auto* bytes : {"a", "b", "a", "b"}) receive(received("1.2.3.4", "1.2.3", bytes, bytes));
    database_.execute("UPDATE instance SET received_at = 1");
    for (const auto* bytes : {"a", "b"}) {
        auto found = received("1.2.3.4", "1.2.3", bytes, bytes);
        found.file = std::string("found ") + bytes;
        EXPECT_EQ(store_.adopt(database_, found, now()).outcome, Adoption::duplicate);
    }
    EXPECT_EQ(analysed_data(), "datab");
}

TEST_F(InstanceStoreTest, TheFileThatAVersionHadBeforeIsNamedToBeRemoved) {
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    EXPECT_EQ(replaced_file_, "");
    receive(received("1.2.3.4", "1.2.3", "b", "n"));
    EXPECT_EQ(replaced_file_, "") << "it is the only one of its data set";
    receive(received("1.2.3.4", "1.2.3", "b", "n"));
    EXPECT_EQ(replaced_file_, "") << "a duplicate's file goes, not what the row names";
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    EXPECT_EQ(replaced_file_, "1.dcm");
    receive(received("1.2.3.4", "1.2.3", "b", "n"));
    EXPECT_EQ(replaced_file_, "2.dcm");
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    EXPECT_EQ(replaced_file_, "4.dcm");
    EXPECT_EQ(text("SELECT group_concat(file) FROM (SELECT file FROM instance ORDER BY file)"),
              "5.dcm,6.dcm");
}

TEST_F(InstanceStoreTest, AnAdoptedVersionThatHasItsFileIsADuplicateAndTheNewestAllTheSame) {
    lose_what_was_known();
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    receive(received("1.2.3.4", "1.2.3", "b", "m"));
    database_.execute("UPDATE instance SET received_at = 1");
    auto found = received("1.2.3.4", "1.2.3", "a", "m");
    found.file = "found.dcm";
    const auto adoption = store_.adopt(database_, found, now());
    EXPECT_EQ(adoption.outcome, Adoption::duplicate);
    EXPECT_EQ(adoption.known_file, "1.dcm");
    EXPECT_EQ(text("SELECT dataset_sha256 FROM instance ORDER BY version DESC LIMIT 1"), "dataa");
}

TEST_F(InstanceStoreTest, AHeaderThatCameAgainIsNewerThanWhatWasWrittenBefore) {
    lose_what_was_known();
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    receive(received("1.2.3.4", "1.2.3", "b", "m"));
    database_.execute("UPDATE instance SET received_at = 1");
    receive(received("1.2.3.4", "1.2.3", "a", "m"));
    auto found = received("1.2.3.4", "1.2.3", "b", "m");
    found.file = "found.dcm";
    EXPECT_EQ(store_.adopt(database_, found, now() - std::chrono::hours(1)).outcome, Adoption::duplicate);
    EXPECT_EQ(text("SELECT dataset_sha256 FROM instance ORDER BY version DESC LIMIT 1"), "dataa");
}

TEST_F(InstanceStoreTest, ACommitWhoseFileWasAdoptedMeanwhileKeepsTheFile) {
    ASSERT_EQ(store_.adopt(database_, received("1.2.3.4"), now()).outcome, Adoption::adopted);
    const auto answer = store_.store(database_, received("1.2.3.4")).answer;
    EXPECT_TRUE(answer.keep_file);
    EXPECT_EQ(count("SELECT count(*) FROM instance"), 1);
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
