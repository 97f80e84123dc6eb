#include <gmock/gmock.h>

#include <fstream>

#include "base/digest.h"
#include "dicom/dataset_reading.h"
#include "results/report/content_item.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

TEST(Composer, WritesReportAndCaptureDurablyUnderTheirUids) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "");
    EXPECT_THAT(kinds(reply), testing::ElementsAre("sr", "sc"));
    for (const auto& result : reply.results) {
        EXPECT_EQ(result.file, (study.results_folder() / (result.sop_instance_uid + ".dcm")).string());
        EXPECT_EQ(result.sha256, sha256_hex(bytes_of(result.file)));
        EXPECT_THAT(result.destinations, testing::ElementsAre("pacs"));
    }
}

// As an archive writes it that did not know the tags.
TEST(Composer, ReportsAnImageWhoseElementsAreOfUnknownVr) {
    StudyFixture study;
    study.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        for (const auto& tag : {DCM_SOPInstanceUID, DCM_StudyInstanceUID, DCM_PatientID}) {
            OFString value;
            EXPECT_TRUE(header.findAndGetOFString(tag, value).good());
            if (value.length() % 2 != 0) value += '\0';
            header.putAndInsertUint8Array(DcmTag(tag, EVR_UN), reinterpret_cast<const Uint8*>(value.data()),
                                          value.length());
        }
    });
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "");
    const auto report = load_result(reply, "sr");
    ASSERT_TRUE(report);
    OFString patient_id;
    EXPECT_TRUE(report->getDataset()->findAndGetOFString(DCM_PatientID, patient_id).good());
    EXPECT_FALSE(patient_id.empty());
}

TEST(Composer, MakesTheSameBytesFromTheSameRequest) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    study.add_not_analysed({"view", "the view is LATERAL"});
    const auto first = compose(study.request, test_equipment());
    std::vector<std::string> bytes;
    for (const auto& result : first.results) {
        bytes.push_back(bytes_of(result.file));
        std::filesystem::remove(result.file);
    }
    std::ranges::reverse(study.request.images);  // the order in which images came shapes nothing
    const auto second = compose(study.request, test_equipment());
    ASSERT_EQ(second.results.size(), first.results.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        EXPECT_EQ(second.results[i].sop_instance_uid, first.results[i].sop_instance_uid);
        EXPECT_TRUE(bytes_of(second.results[i].file) == bytes[i]) << enum_text(second.results[i].kind);
    }
}

TEST(Composer, LeavesAResultThatDestinationsMayHaveAsItIs) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto first = compose(study.request, test_equipment());
    study.request.known_results = known(first, true);
    study.request.images.front().outcome.result->confidence = 0.91;
    study.request.images.front().outcome.result->started_at += 1'000'000;
    const auto second = compose(study.request, test_equipment());
    ASSERT_EQ(second.results.size(), first.results.size());
    for (std::size_t i = 0; i < first.results.size(); ++i) {
        EXPECT_EQ(second.results[i].sha256, first.results[i].sha256);
        EXPECT_EQ(sha256_hex(bytes_of(second.results[i].file)), first.results[i].sha256);
    }
}

TEST(Composer, MakesADamagedResultOfItsVersionAnewWithTheSameBytes) {
    for (const auto* damage : {"torn", ""}) {
        StudyFixture study;
        study.add_analysed(pneumonia_result());
        const auto first = compose(study.request, test_equipment());
        study.request.known_results = known(first, true);
        for (const auto& result : first.results) std::ofstream(result.file, std::ios::trunc) << damage;
        const auto second = compose(study.request, test_equipment());
        ASSERT_EQ(second.results.size(), first.results.size());
        for (std::size_t i = 0; i < first.results.size(); ++i) {
            EXPECT_EQ(second.results[i].sha256, first.results[i].sha256);
            EXPECT_EQ(sha256_hex(bytes_of(second.results[i].file)), first.results[i].sha256);
        }
    }
}

std::string head_in_report(const ComposeReply& reply) {
    OFString head;
    load_result(reply, "sr")->getDataset()->findAndGetOFStringArray(DcmTagKey(0x0099, 0x1001), head);
    return head.c_str();
}

TEST(Composer, PutsAHeadOfTheAuditTrailIntoReportsAloneAndIntoNoUid) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto without = compose(study.request, test_equipment());
    EXPECT_EQ(head_in_report(without), "");
    study.request.audit_head = R"({"audit_head": {"event": 7}})";
    const auto with = compose(study.request, test_equipment());
    ASSERT_EQ(with.results.size(), without.results.size());
    for (std::size_t i = 0; i < with.results.size(); ++i) {
        const bool report = with.results[i].kind == ResultKind::sr;
        EXPECT_EQ(with.results[i].sop_instance_uid, without.results[i].sop_instance_uid);
        EXPECT_EQ(with.results[i].sha256 != without.results[i].sha256, report);
        EXPECT_EQ(with.results[i].audit_head, report ? study.request.audit_head : "");
    }
    EXPECT_EQ(head_in_report(with), study.request.audit_head);
}

TEST(Composer, PutsTheSameHeadIntoAReportThatItMakesAnew) {
    for (const std::string before : {R"({"audit_head": {"event": 7}})", ""}) {
        StudyFixture study;
        study.add_analysed(pneumonia_result());
        study.request.audit_head = before;
        const auto first = compose(study.request, test_equipment());
        study.request.known_results = known(first, true);
        study.request.audit_head = R"({"audit_head": {"event": 8}})";
        for (const auto& result : first.results) std::ofstream(result.file, std::ios::trunc) << "torn";
        const auto second = compose(study.request, test_equipment());
        EXPECT_EQ(head_in_report(second), before);
        ASSERT_EQ(second.results.size(), first.results.size());
        for (std::size_t i = 0; i < first.results.size(); ++i) {
            EXPECT_EQ(second.results[i].sha256, first.results[i].sha256);
            EXPECT_EQ(second.results[i].audit_head, first.results[i].audit_head);
        }
    }
}

TEST(Composer, LeavesADamagedResultOfAnotherVersionToThatOne) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto first = compose(study.request, test_equipment());
    study.request.known_results = known(first, false);
    std::ofstream(first.results.front().file, std::ios::trunc) << "torn";
    EXPECT_EQ(compose(study.request, test_equipment()).results.front().sha256, first.results.front().sha256);
    EXPECT_EQ(bytes_of(first.results.front().file), "torn");
}

TEST(Composer, MakesAnewWhatNobodyKnows) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto first = compose(study.request, test_equipment());
    std::ofstream(first.results.front().file, std::ios::app) << "changed";
    const auto second = compose(study.request, test_equipment());
    EXPECT_EQ(second.results.front().sha256, first.results.front().sha256);
    EXPECT_EQ(sha256_hex(bytes_of(second.results.front().file)), first.results.front().sha256);
}

TEST(Composer, AsksForANewAnalysisWhenTheArtifactIsDamagedAndSendsTheReportAllTheSame) {
    StudyFixture study;
    std::ofstream(study.add_analysed(pneumonia_result()).artifact, std::ios::trunc) << "HILUMART1";
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "artifact_damaged");
    EXPECT_THAT(kinds(reply), testing::ElementsAre("sr"));
}

TEST(Composer, HoldsBackAReportThatFailsItsCheckAndNamesTheProblems) {
    StudyFixture study;
    auto result = pneumonia_result();
    result.model.sha256 = "not a digest";
    study.add_analysed(result);
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "template_violation");
    EXPECT_THAT(reply.problems, testing::Contains(testing::HasSubstr("TID 4019 row 3")));
    EXPECT_THAT(kinds(reply), testing::ElementsAre("sc"));
}

const auto of_patient = [](const char* id, const char* issuer = "") {
    return [id, issuer](DcmDataset& header) {
        header.putAndInsertString(DCM_PatientID, id);
        header.putAndInsertString(DCM_IssuerOfPatientID, issuer);
    };
};

TEST(Composer, MakesNothingOfImagesThatNameTwoPatients) {
    StudyFixture study;
    study.add_analysed(normal_result(), of_patient("A1"));
    study.add_analysed(pneumonia_result(), of_patient("B2"));
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "patients_differ");
    EXPECT_EQ(reply.error->retry, Retry::never);
    EXPECT_EQ(reply.error->message.find("B2"), std::string::npos);
    EXPECT_THAT(kinds(reply), testing::IsEmpty());
}

TEST(Composer, TakesOneIdOfTwoIssuersForTwoPatients) {
    StudyFixture study;
    study.add_analysed(normal_result(), of_patient("A1"));
    study.add_analysed(normal_result(), of_patient("A1", "NORTH"));
    study.add_analysed(normal_result(), of_patient("A1", "SOUTH"));
    EXPECT_EQ(code_of(compose(study.request, test_equipment())), "patients_differ");
}

TEST(Composer, TakesBlanksAndWhatIsNotToldForNoOtherPatient) {
    StudyFixture study;
    study.add_analysed(normal_result(), of_patient("A1", "NORTH"));
    study.add_analysed(normal_result(), of_patient(" A1 "));
    study.add_analysed(normal_result(), of_patient("A1", "North&1.2.3&ISO"));
    study.add_analysed(normal_result(), of_patient(""));
    EXPECT_EQ(code_of(compose(study.request, test_equipment())), "");
}

TEST(Composer, MakesCapturesAsTheProfileAsks) {
    StudyFixture study;
    study.add_analysed(normal_result());
    study.add_not_analysed({"view", "the view is LATERAL"});
    study.request.profiles.front().sc_when = CaptureWhen::positive;
    EXPECT_THAT(kinds(compose(study.request, test_equipment())), testing::ElementsAre("sr"));
    StudyFixture undecided;
    undecided.add_analysed(undecided_result());
    undecided.request.profiles.front().sc_when = CaptureWhen::positive;
    EXPECT_THAT(kinds(compose(undecided.request, test_equipment())), testing::ElementsAre("sr", "sc"))
        << "what is indeterminate is worth a look";
    study.request.profiles.front().sc_when = CaptureWhen::never;
    EXPECT_THAT(kinds(compose(study.request, test_equipment())), testing::ElementsAre("sr"));
    study.request.profiles.front().sc_when = CaptureWhen::always;
    EXPECT_THAT(kinds(compose(study.request, test_equipment())), testing::ElementsAre("sr", "sc"));
    study.request.profiles.front().sr = false;
    EXPECT_THAT(kinds(compose(study.request, test_equipment())), testing::ElementsAre("sc"));
}

TEST(Composer, TakesResultsBackWithOneNoteForAllThatWereSentTheSame) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto made = compose(study.request, test_equipment());
    withdraw_all(study.request, made);
    study.request.withdrawal.results[0].destinations = {"pacs", "archive"};
    study.request.withdrawal.results[1].destinations = {"pacs", "archive", "workstation"};
    const auto reply = compose(study.request, test_equipment());
    ASSERT_EQ(code_of(reply), "");
    EXPECT_THAT(kinds(reply), testing::ElementsAre("ko", "ko"));
    EXPECT_THAT(reply.results[0].destinations, testing::ElementsAre("archive", "pacs"));
    EXPECT_THAT(reply.results[1].destinations, testing::ElementsAre("workstation"));
    const auto file = load_dicom_file(reply.results[0].file);
    ASSERT_TRUE(file.has_value());
    auto content = read_content(*(*file)->getDataset());
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->concept_name.value, "113001");
    EXPECT_EQ(content->template_identifier, "2010");
    ASSERT_EQ(content->children.size(), 3u);
    EXPECT_THAT(content->children[0].text, testing::HasSubstr("wrong model, naïvely loaded"));
    EXPECT_EQ(content->children[1].referenced_sop_instance_uid, made.results[0].sop_instance_uid);
    EXPECT_EQ(content->children[1].value_type, "COMPOSITE");
    EXPECT_EQ(content->children[2].referenced_sop_instance_uid, made.results[1].sop_instance_uid);
    EXPECT_EQ(content->children[2].value_type, "IMAGE");
    EXPECT_EQ(compose(study.request, test_equipment()).results[0].sha256, reply.results[0].sha256);
}

TEST(Composer, GivesOtherUidsToWhatIsReportedAfterAWithdrawal) {
    StudyFixture study;
    study.request.profiles.push_back(with_states());
    study.add_analysed(pneumonia_result());
    const auto before = compose(study.request, test_equipment());
    study.request.withdrawals = 1;
    const auto after = compose(study.request, test_equipment());
    ASSERT_THAT(kinds(before), testing::ElementsAre("sr", "sc", "sc", "pr"));
    ASSERT_EQ(after.results.size(), before.results.size());
    for (std::size_t i = 0; i < after.results.size(); ++i) {
        EXPECT_NE(after.results[i].sop_instance_uid, before.results[i].sop_instance_uid);
        EXPECT_NE(after.results[i].series_instance_uid, before.results[i].series_instance_uid);
    }
}

TEST(Composer, MakesNoReportOfNothingWhereTheSiteWantsNone) {
    StudyFixture study;
    study.add_not_analysed({"modality", "the modality is CT"});
    study.request.report_not_analysed = false;
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "");
    EXPECT_TRUE(reply.results.empty());
}

// What has been sent keeps its UIDs, whatever settings come later: these are those of version 0.1.0 before
// there were any.
TEST(Composer, KeepsTheUidsThatResultsOfTheDefaultSettingsAlwaysHad) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto reply = compose(study.request, test_equipment());
    ASSERT_THAT(kinds(reply), testing::ElementsAre("sr", "sc"));
    EXPECT_EQ(reply.results[0].sop_instance_uid, "2.25.198940238709659320030013210735589298398");
    EXPECT_EQ(reply.results[0].series_instance_uid, "2.25.292481823886998926072945193411200364839");
    EXPECT_EQ(reply.results[1].sop_instance_uid, "2.25.9263007270534096466240556277749294329");
    EXPECT_EQ(reply.results[1].series_instance_uid, "2.25.301235523593592121456714407751377518813");
}

TEST(Composer, KeepsACapturesUidAndGivesTheReportANewOneInALaterVersion) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto first = compose(study.request, test_equipment());
    const auto& report = first.results.at(0);
    study.add_analysed(normal_result());
    study.request.version = 2;
    study.request.predecessors = {{report.sop_class_uid, report.sop_instance_uid, report.series_instance_uid,
                                   study.request.model_name, 1}};
    study.request.profiles.front().sr_series_description = std::string(60, 'd');
    const auto second = compose(study.request, test_equipment());
    ASSERT_THAT(kinds(second), testing::ElementsAre("sr", "sc", "sc"));
    EXPECT_NE(second.results[0].sop_instance_uid, report.sop_instance_uid);
    EXPECT_NE(second.results[0].series_instance_uid, report.series_instance_uid);
    EXPECT_EQ(second.results[1].sop_instance_uid, first.results[1].sop_instance_uid);
    const auto file = load_result(second, "sr");
    EXPECT_EQ(text_of(*file->getDataset(), DCM_SeriesDescription), std::string(48, 'd') + " v2, replaces v1");
    DcmItem& study_item = *items_of(*file->getDataset(), DCM_PredecessorDocumentsSequence).at(0);
    DcmItem& series_item = *items_of(study_item, DCM_ReferencedSeriesSequence).at(0);
    DcmItem& instance = *items_of(series_item, DCM_ReferencedSOPSequence).at(0);
    EXPECT_EQ(text_of(instance, DCM_ReferencedSOPInstanceUID), report.sop_instance_uid);
}

TEST(Composer, SaysWhichInstanceCannotBeRead) {
    StudyFixture study;
    std::ofstream(study.add_analysed(pneumonia_result()).file, std::ios::trunc) << "no DICOM";
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "undecodable");
    EXPECT_THAT(reply.error->message, testing::HasSubstr("instance 1"));
    EXPECT_TRUE(reply.results.empty());
}

TEST(Composer, ReportsTheImagesBesideOneThatCannotBeRead) {
    StudyFixture study;
    std::ofstream(study.add_analysed(pneumonia_result()).file, std::ios::trunc) << "no DICOM";
    study.add_analysed(pneumonia_result());
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "");
    EXPECT_THAT(reply.problems, testing::ElementsAre(testing::HasSubstr("instance 1")));
    EXPECT_NE(load_result(reply, "sr"), nullptr);
    EXPECT_NE(load_result(reply, "sc"), nullptr);
}

TEST(Composer, TellsADiskThatIsFullOrAFolderThatIsMissing) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    study.request.results_dir = study.folder() / "missing";
    const auto reply = compose(study.request, test_equipment());
    EXPECT_NE(code_of(reply), "");
    EXPECT_TRUE(reply.results.empty());
}

}  // namespace
}  // namespace hilum::results::test
