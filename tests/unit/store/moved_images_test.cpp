#include "store/moved_images.h"

#include "contract/messages/composing.h"
#include "store/withdrawals.h"
#include "unit/store/instance_store_fixture.h"

namespace hilum {
namespace {

// Images of study 1.2.3 that was reported, and then come as images of study 7.8.9.
class MovedImagesTest : public InstanceStoreTest {
  protected:
    void receive_in_first_study(const char* sop_instance_uid) {
        receive(received(sop_instance_uid, "1.2.3", sop_instance_uid, sop_instance_uid));
    }
    void move(const char* sop_instance_uid) {
        receive(received(sop_instance_uid, "7.8.9", std::string("moved ") + sop_instance_uid,
                         std::string("moved ") + sop_instance_uid));
    }
    void open_report(JobState state) {
        database_.execute(
            "INSERT INTO report(study_id, model, version, last_instance) SELECT 1, 'demo', 1, max(id) FROM"
            " instance");
        test::make_job(database_, Lane::report, "", database_.last_id(), 1, state);
    }
    void report_first_study() {
        analysed_and_reported();
        open_report(JobState::composed);
        database_.execute(
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
            " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sr', '1.5', '2.1', '3.1', '1', 'f',"
            " 's', 1)");
        database_.execute("INSERT INTO delivery(result_id, destination, tried) VALUES(1, 'pacs', 1)");
        test::make_job(database_, Lane::delivery, "pacs", database_.last_id(), 1, JobState::delivered);
    }
    bool results_stand() {
        return count(
                   "SELECT count(*) FROM report WHERE study_id = 1 AND kind = 'results' AND withdrawn = 0") ==
               1;
    }
    bool is_due(const char* study) {
        return count(("SELECT count(*) FROM study WHERE due_at IS NOT NULL AND study_instance_uid = '" +
                      std::string(study) + "'")
                         .c_str()) == 1;
    }
};

TEST_F(MovedImagesTest, WhatWasReportedOfAStudyThatLosesItsLastImageIsTakenBack) {
    receive_in_first_study("1.1");
    report_first_study();
    move("1.1");
    EXPECT_FALSE(results_stand());
    EXPECT_FALSE(is_due("1.2.3"));
    EXPECT_TRUE(is_due("7.8.9"));
    const auto note = count("SELECT id FROM report WHERE kind = 'withdrawal' AND study_id = 1");
    const auto withdrawal = withdrawal_of(database_, note);
    EXPECT_EQ(withdrawal.reason, moved_away);
    ASSERT_EQ(withdrawal.results.size(), 1u);
    EXPECT_EQ(withdrawal.results[0].sop_instance_uid, "2.1");
    EXPECT_EQ(text("SELECT json_extract(detail, '$.to_study') FROM audit_event WHERE type = 'instance_moved' "
                   "AND study_instance_uid = '1.2.3' AND outcome = 'success'"),
              "7.8.9");
    EXPECT_EQ(text("SELECT actor FROM audit_event WHERE type = 'results_withdrawn'"), "hilum");
}

TEST_F(MovedImagesTest, AStudyThatKeepsAnImageIsReportedAnewOfThat) {
    receive_in_first_study("1.1");
    receive_in_first_study("1.2");
    report_first_study();
    move("1.1");
    EXPECT_FALSE(results_stand()) << "of no model, whichever of them reads what is left";
    EXPECT_FALSE(is_withdrawn(database_, 1));
    EXPECT_TRUE(is_due("1.2.3"));
    move("1.2");
    EXPECT_FALSE(is_due("1.2.3"));
}

TEST_F(MovedImagesTest, WhatTellsOfOtherImagesStands) {
    receive_in_first_study("1.1");
    report_first_study();
    receive_in_first_study("1.2");
    move("1.2");
    EXPECT_TRUE(results_stand());
    EXPECT_TRUE(is_due("1.2.3")) << "it was so before";
}

class NoRadiographTest : public MovedImagesTest, public testing::WithParamInterface<const char*> {};

TEST_P(NoRadiographTest, NoReportIsMadeOfIt) {
    receive_in_first_study("1.1");
    receive_in_first_study("1.2");
    report_first_study();
    database_.execute(
        fmt::format(R"(UPDATE analysis SET outcome = '{{"not_analysed": {{"code": "{}"}}}}' WHERE id = 2)",
                    GetParam())
            .c_str());
    move("1.1");
    EXPECT_FALSE(results_stand());
    EXPECT_FALSE(is_due("1.2.3"));
}

INSTANTIATE_TEST_SUITE_P(Codes, NoRadiographTest,
                         testing::Values("modality", "sop_class", "presentation_intent", "own_result",
                                         "quality_control"));

TEST_F(MovedImagesTest, WhatWasNotReportedYetNeverIs) {
    receive_in_first_study("1.1");
    analysed_and_reported();
    open_report(JobState::quarantined);  // as where its images named two patients
    move("1.1");
    EXPECT_FALSE(is_due("1.2.3"));
    EXPECT_EQ(count("SELECT count(*) FROM report WHERE kind = 'withdrawal'"), 0);
    EXPECT_EQ(text("SELECT state FROM job WHERE lane = 'compose'"), "discarded");
}

TEST_F(MovedImagesTest, AnImageThatComesBackIsReportedAgain) {
    receive_in_first_study("1.1");
    report_first_study();
    move("1.1");
    receive_in_first_study("1.1");
    EXPECT_TRUE(is_due("1.2.3"));
    EXPECT_FALSE(is_withdrawn(database_, 1));
    EXPECT_FALSE(is_due("7.8.9"));
}

TEST_F(MovedImagesTest, WhatAnOperatorTookBackStaysTakenBack) {
    receive_in_first_study("1.1");
    report_first_study();
    withdraw_results(database_, {"1.2.3", "", "quality", ""}, "operator");
    move("1.1");
    receive_in_first_study("1.1");
    EXPECT_TRUE(is_withdrawn(database_, 1));
}

TEST_F(MovedImagesTest, WhatCannotBeReportedAnewStandsAndIsTold) {
    receive_in_first_study("1.1");
    receive_in_first_study("1.2");
    report_first_study();
    database_.execute("UPDATE instance SET removed_at = 1 WHERE sop_instance_uid = '1.2'");
    move("1.1");
    EXPECT_TRUE(results_stand());
    EXPECT_EQ(text("SELECT outcome FROM audit_event WHERE type = 'instance_moved'"), "failure");
}

TEST_F(MovedImagesTest, WhatLiesUnderAnotherPatientIsTakenBackAndTheStudyReportedAnew) {
    receive_in_first_study("1.1");
    report_first_study();
    EXPECT_TRUE(leave_patient(database_, 1));
    EXPECT_FALSE(results_stand());
    EXPECT_TRUE(is_due("1.2.3"));
    EXPECT_FALSE(is_withdrawn(database_, 1));
    const auto note = count("SELECT id FROM report WHERE kind = 'withdrawal' AND study_id = 1");
    const auto withdrawal = withdrawal_of(database_, note);
    EXPECT_EQ(withdrawal.reason, patient_changed);
    ASSERT_EQ(withdrawal.results.size(), 1u);
    EXPECT_EQ(withdrawal.results[0].file, "f") << "which tells whose it was";
    EXPECT_EQ(withdrawal.results[0].sha256, "s");
    EXPECT_EQ(text("SELECT json_extract(detail, '$.reason') FROM audit_event WHERE type = "
                   "'results_withdrawn'"),
              patient_changed);
}

TEST_F(MovedImagesTest, WhatLiesUnderAnotherPatientStandsWhereItsFilesAreRemoved) {
    receive_in_first_study("1.1");
    receive_in_first_study("1.2");
    report_first_study();
    database_.execute("UPDATE instance SET removed_at = 1 WHERE sop_instance_uid = '1.2'");
    EXPECT_FALSE(leave_patient(database_, 1));
    EXPECT_TRUE(results_stand());
}

}  // namespace
}  // namespace hilum
