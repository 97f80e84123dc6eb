// The checker is seen accepting good reports of every kind and naming each of many damages.
#include "results/report/check/template_checker.h"

#include <gmock/gmock.h>

#include "dicom/dataset_reading.h"
#include "results/study_composer.h"
#include "unit/results/report_damage.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

class DamagedReport : public testing::TestWithParam<DamageCase> {};

TEST_P(DamagedReport, IsNamedByTheChecker) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto reply = compose(study.request, test_equipment());
    const auto file = load_result(reply, "sr");
    ASSERT_TRUE(file);
    DcmDataset source = radiograph_header(study.request.images.front().sop_instance_uid);
    const auto expected = expectation_of(study.request, 1);
    ASSERT_THAT(check_measurement_report(*file->getDataset(), source, expected), testing::IsEmpty());

    GetParam().damage(*file->getDataset());
    expect_named(GetParam(), check_measurement_report(*file->getDataset(), source, expected));
}

void empty_group(DcmDataset& report) {
    item(report, "125007").findAndDeleteElement(DCM_ContentSequence);
}

void use_other_source_image(DcmDataset& report) {
    DcmItem& group = item(report, "125007");
    DcmItem& score = item(group, "model-score");
    for (DcmItem* child : items_of(score, DCM_ContentSequence))
        if (text_of(*child, DCM_ValueType) == "IMAGE")
            put(sequence_item(*child, DCM_ReferencedSOPSequence), DCM_ReferencedSOPInstanceUID, "1.2.3.4");
}

void put_accents(DcmDataset& report) {
    put(item(report, "121013"), DCM_TextValue, "H\xC3\xADlum");
}

void say_absent(DcmDataset& report) {
    DcmItem& group = item(report, "125007");
    DcmItem& code = sequence_item(item(group, "233604007"), DCM_ConceptCodeSequence);
    put(code, DCM_CodeValue, "272519000");
    put(code, DCM_CodeMeaning, "Absent");
}

const std::vector<DamageCase> damages = {
    {"WrongTemplateIdentifier", "TID 1500 row 1", "names the template '1501'",
     [](DcmDataset& r) {
         put(sequence_item(r, DCM_ContentTemplateSequence), DCM_TemplateIdentifier, "1501");
     }},
    {"WrongMappingResource", "TID 1500 row 1", "of '99X'",
     [](DcmDataset& r) { put(sequence_item(r, DCM_ContentTemplateSequence), DCM_MappingResource, "99X"); }},
    {"NoLanguage", "TID 1204 row 1", "121049", remove_content("121049")},
    {"OtherLanguage", "TID 1204 row 1", "not the destination's",
     [](DcmDataset& r) {
         put(sequence_item(item(r, "121049"), DCM_ConceptCodeSequence), DCM_CodeValue, "de");
     }},
    {"DiagnosisNamedInAnotherLanguage", "TID 1500 row 13", "KI-Diagnose",
     [](DcmDataset& r) {
         put(sequence_item(item(r, "ai-diagnosis"), DCM_ConceptNameCodeSequence), DCM_CodeMeaning,
             "KI-Diagnose");
     }},
    {"NoObserverType", "TID 1002 row 1", "121005", remove_content("121005")},
    {"NoDeviceObserverUid", "TID 1004 row 1", "121012", remove_content("121012")},
    {"NoDeviceObserverName", "TID 1004 row 2", "121013", remove_content("121013")},
    {"NoDeviceManufacturer", "TID 1004 row 3", "121014", remove_content("121014")},
    {"NoDeviceModelName", "TID 1004 row 4", "121015", remove_content("121015")},
    {"NoDeviceSerialNumber", "TID 1004 row 5", "121016", remove_content("121016")},
    {"LanguageContained", "TID 1204 row 1", "related by 'CONTAINS'", relate("121049", "CONTAINS")},
    {"ObserverContained", "TID 1002 row 1", "related by 'CONTAINS'", relate("121005", "CONTAINS")},
    {"ObserverNameContained", "TID 1004 row 2", "related by 'CONTAINS'", relate("121013", "CONTAINS")},
    {"ProcedureContained", "TID 1500 row 4", "related by 'CONTAINS'", relate("121058", "CONTAINS")},
    {"FindingAsProperty", "TID 1501 row 3b", "related by 'HAS PROPERTIES'",
     relate("121071", "HAS PROPERTIES")},
    {"TrackingContained", "TID 1501 row 2", "related by 'CONTAINS'", relate("112039", "CONTAINS")},
    {"ScoreAsProperty", "TID 300 row 1", "related by 'HAS PROPERTIES'",
     [](DcmDataset& r) {
         put(item(item(r, "125007"), "model-score"), DCM_RelationshipType, "HAS PROPERTIES");
     }},
    {"AlgorithmContained", "TID 4019 row 1", "related by 'CONTAINS'", relate("111001", "CONTAINS")},
    {"GroupAsProperty", "TID 1500 row 8", "related by 'HAS PROPERTIES'", relate("125007", "HAS PROPERTIES")},
    {"NoImageInTheLibrary", "TID 1600 row 1", "missing in the image library",
     [](DcmDataset& r) { item(r, "126200").findAndDeleteElement(DCM_ContentSequence); }},
    {"NoProcedureReported", "TID 1500 row 4", "no procedure", remove_content("121058")},
    {"NoImageLibrary", "TID 1600 row 1", "111028", remove_content("111028")},
    {"EmptyMeasurementGroup", "SR Document Content module", "Measurement Group) is empty", empty_group},
    {"NoMeasurementGroup", "TID 1500 row 8", "0 measurement groups for 1", remove_content("126010")},
    {"NoTrackingIdentifier", "TID 1501 row 2", "112039", remove_content("112039")},
    {"NoTrackingUid", "TID 1501 row 3", "112040", remove_content("112040")},
    {"NoFinding", "TID 1501 row 3b", "121071", remove_content("121071")},
    {"FindingWithoutCode", "SR Document Content module", "Finding) has no complete code",
     [](DcmDataset& r) { item(r, "121071").findAndDeleteElement(DCM_ConceptCodeSequence); }},
    {"FindingSiteWithoutMeaning", "SR Document Content module", "no complete code",
     [](DcmDataset& r) {
         sequence_item(item(r, "363698007"), DCM_ConceptCodeSequence).findAndDeleteElement(DCM_CodeMeaning);
     }},
    {"NoAlgorithmName", "TID 4019 row 1", "111001", remove_content("111001")},
    {"NoAlgorithmVersion", "TID 4019 row 2", "111003", remove_content("111003")},
    {"NoWeightsDigest", "TID 4019 row 3", "SHA-256",
     [](DcmDataset& r) {
         DcmItem& group = item(r, "125007");
         while (remove_item(group, "111002")) {
         }
     }},
    {"NoScore", "TID 1501 row 10", "without a score",
     [](DcmDataset& r) { remove_item(item(r, "125007"), "model-score"); }},
    {"ScoreOutOfRange", "TID 300 row 1", "not within 0 and 1", set_score("1.2")},
    {"NegativeScore", "TID 300 row 1", "not within 0 and 1", set_score("-0.1")},
    {"ScoreNotANumber", "TID 300 row 1", "no finite number", set_score("nan")},
    {"ScoreWithoutUnit", "TID 300 row 1", "unit",
     [](DcmDataset& r) {
         DcmItem& group = item(r, "125007");
         sequence_item(item(group, "model-score"), DCM_MeasuredValueSequence)
             .findAndDeleteElement(DCM_MeasurementUnitsCodeSequence);
     }},
    {"SourceImageNotInEvidence", "TID 320 row 3", "not in the Current Requested", use_other_source_image},
    {"FindingSaidToBeAbsent", "TID 1501 row 11", "not Present", say_absent},
    {"ScoreOfNoFinding", "TID 1500 row 13", "a score of \"no finding\"",
     [](DcmDataset& r) {
         DcmItem& code = sequence_item(item(r, "ai-diagnosis"), DCM_ConceptCodeSequence);
         put(code, DCM_CodeValue, "no-finding");
         put(code, DCM_CodingSchemeDesignator, "99HILUM");
         put(code, DCM_CodeMeaning, "No finding above threshold");
     }},
    {"NoDiagnosis", "TID 1500 row 13", "has 0 diagnoses", remove_content("ai-diagnosis")},
    {"NoQualitativeEvaluations", "TID 1500 row 12", "C0034375", remove_content("C0034375")},
    {"EvaluationsAfterTheMeasurements", "TID 1500 row 12", "do not follow the image library",
     [](DcmDataset& r) { move_to_the_end(r, "C0034375"); }},
    {"SummaryBeforeTheNotice", "TID 1500 row 13", "before a diagnosis or the notice",
     [](DcmDataset& r) { move_to_the_end(item(r, "C0034375"), "notice"); }},
    {"NoSummary", "TID 1500 row 13", "which algorithms succeeded", remove_content("111017")},
    {"OtherSummary", "TID 1500 row 13", "of 1 images, 1 of them decided, with 1 findings",
     [](DcmDataset& r) {
         DcmItem& code = sequence_item(item(r, "111017"), DCM_ConceptCodeSequence);
         put(code, DCM_CodeValue, "111241");
         put(code, DCM_CodeMeaning, "All algorithms succeeded; without findings");
     }},
    {"NoNotice", "TID 1500 row 14", "notice", remove_content("notice")},
    {"WrongSopClass", "SOP Common module", "SOP Class UID",
     set_attribute(DCM_SOPClassUID, UID_BasicTextSRStorage)},
    {"MissingCharacterSet", "SOP Common module", "SpecificCharacterSet", put_accents},
    {"UndeclaredCodingScheme", "SOP Common module", "99HILUM",
     delete_attribute(DCM_CodingSchemeIdentificationSequence)},
    {"OtherPatient", "Patient module", "PatientID differs", set_attribute(DCM_PatientID, "SOMEONE")},
    {"OtherStudy", "General Study module", "StudyInstanceUID differs",
     set_attribute(DCM_StudyInstanceUID, "1.2.3")},
    {"NoEvidence", "SR Document General module", "Evidence",
     delete_attribute(DCM_CurrentRequestedProcedureEvidenceSequence)},
    {"NotComplete", "SR Document General module", "CompletionFlag",
     set_attribute(DCM_CompletionFlag, "PARTIAL")},
    {"NoPerformedProcedureCode", "SR Document General module", "PerformedProcedureCodeSequence",
     delete_attribute(DCM_PerformedProcedureCodeSequence)},
    {"NoSerialNumber", "Enhanced General Equipment module", "DeviceSerialNumber",
     delete_attribute(DCM_DeviceSerialNumber)},
    {"NoContributingEquipment", "SOP Common module", "ContributingEquipment",
     delete_attribute(DCM_ContributingEquipmentSequence)},
};

INSTANTIATE_TEST_SUITE_P(TemplateChecker, DamagedReport, testing::ValuesIn(damages),
                         [](const auto& param) { return param.param.name; });

TEST(TemplateChecker, WantsTheReasonInWordsAndNoScoreWhereAnImageWasNotAnalysed) {
    StudyFixture study;
    study.add_not_analysed({"view", "the view is LATERAL; this model reads PA and AP"});
    const auto file = load_result(compose(study.request, test_equipment()), "sr");
    ASSERT_TRUE(file);
    DcmDataset source = radiograph_header(study.request.images.front().sop_instance_uid);
    const auto expected = expectation_of(study.request, 0);
    ASSERT_THAT(check_measurement_report(*file->getDataset(), source, expected), testing::IsEmpty());
    ASSERT_TRUE(remove_item(item(*file->getDataset(), "ai-diagnosis"), "not-analysed"));
    EXPECT_THAT(check_measurement_report(*file->getDataset(), source, expected),
                testing::Not(testing::IsEmpty()));
}

// A sound report of one finding against another expectation than it was made by: the one problem.
std::string problem_where(const std::function<void(ReportExpectation&)>& change) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto file = load_result(compose(study.request, test_equipment()), "sr");
    EXPECT_TRUE(file);
    if (!file) return {};
    DcmDataset source = radiograph_header(study.request.images.front().sop_instance_uid);
    auto expected = expectation_of(study.request, 1);
    change(expected);
    const auto violations = check_measurement_report(*file->getDataset(), source, expected);
    EXPECT_EQ(violations.size(), 1u);
    return violations.empty() ? "" : violations.front().problem;
}

TEST(TemplateChecker, WantsTheSummaryToCountImagesThatTheReportLeavesOut) {
    EXPECT_THAT(problem_where([](ReportExpectation& expected) { expected.images_tried = 2; }),
                testing::HasSubstr("of 2 images, 1 of them decided"));
}

TEST(TemplateChecker, WantsEachFrameDiagnosedOnce) {
    StudyFixture study;
    study.add_analysed(normal_result());
    study.split_into_frames({{std::nullopt, normal_result(), normal_result().model},
                             {std::nullopt, normal_result(), normal_result().model}});
    const auto file = load_result(compose(study.request, test_equipment()), "sr");
    ASSERT_TRUE(file);
    DcmDataset source = radiograph_header(study.request.images.front().sop_instance_uid);
    const auto expected = expectation_of(study.request, 0);
    ASSERT_THAT(check_measurement_report(*file->getDataset(), source, expected), testing::IsEmpty());
    DcmItem& diagnosis = item(*file->getDataset(), "ai-diagnosis");
    for (DcmItem* const child : items_of(diagnosis, DCM_ContentSequence))
        for (DcmItem* const reference : items_of(*child, DCM_ReferencedSOPSequence))
            put(*reference, DCM_ReferencedFrameNumber, "2");
    const auto violations = check_measurement_report(*file->getDataset(), source, expected);
    EXPECT_EQ(violations.size(), 2U);  // none of the first frame, two of the second
}

TEST(TemplateChecker, WantsTheReplacedReportNamedInALaterVersion) {
    EXPECT_THAT(problem_where([](ReportExpectation& expected) { expected.has_predecessor = true; }),
                testing::HasSubstr("PredecessorDocumentsSequence"));
}

}  // namespace
}  // namespace hilum::results::test
