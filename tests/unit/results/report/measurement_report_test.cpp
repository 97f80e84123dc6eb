// What a radiologist reads in the report.
#include "results/report/measurement_report.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "dicom/dataset_reading.h"
#include "results/report/content_item.h"
#include "results/report/report_terms.h"
#include "results/result_identity.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

ContentItem content_of(const StudyFixture& study) {
    const auto file = load_result(compose(study.request, test_equipment()), "sr");
    return file ? read_content(*file->getDataset()).value() : ContentItem{};
}

// "Concept=Code" or "Concept=text" of each statement on whole images.
std::vector<std::string> statements(const ContentItem& report) {
    std::vector<std::string> lines;
    for (const ContentItem* container : report.named("UMLS", "C0034375"))
        for (const ContentItem& item : container->children)
            lines.push_back(item.concept_name.meaning + "=" +
                            (item.value_type == "CODE" ? item.code.meaning : item.text));
    return lines;
}

std::vector<std::string> group_findings(const ContentItem& report) {
    std::vector<std::string> findings;
    for_each_item(report, [&](const ContentItem& item) {
        if (item.is("DCM", "121071")) findings.push_back(item.code.meaning);
    });
    return findings;
}

std::vector<std::string> procedures(const ContentItem& report) {
    std::vector<std::string> codes;
    for (const ContentItem* item : report.named("DCM", "121058")) codes.push_back(item->code.value);
    return codes;
}

TEST(MeasurementReport, TellsAFindingInAGroupAndWhatIsAbsentAsAnEvaluation) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    const auto report = content_of(study);
    EXPECT_THAT(group_findings(report), testing::ElementsAre("Pneumonia"));
    EXPECT_THAT(
        statements(report),
        testing::ElementsAre("AI diagnosis=Pneumonia", "Notice=Demonstration model, not for clinical use",
                             "CAD Processing and Findings Summary=All algorithms succeeded; with findings",
                             "Normal=Absent", "Requires further evaluation=Absent"));
}

// As dsrdump and dsr2html show it.
TEST(MeasurementReport, TellsDiagnosesAndNoticeFirstAfterTheHead) {
    StudyFixture study;
    study.request.version = 2;
    study.add_analysed(normal_result());
    study.add_analysed(pneumonia_result());
    study.add_not_analysed({"view", "the view is LATERAL"});
    const auto report = content_of(study);
    std::vector<std::string> containers, first;
    for (const ContentItem& item : report.children)
        if (item.value_type == "CONTAINER") containers.push_back(item.concept_name.value);
    EXPECT_THAT(containers, testing::ElementsAre("111028", "C0034375", "126010"));
    for (const std::string& line : statements(report)) first.push_back(line.substr(0, line.find('=')));
    first.resize(6);
    EXPECT_THAT(first, testing::ElementsAre("AI diagnosis", "AI diagnosis", "AI diagnosis", "Notice",
                                            "Report version", "CAD Processing and Findings Summary"));
    const auto& diagnosis = *report.named("UMLS", "C0034375").at(0)->named("99HILUM", "ai-diagnosis").at(0);
    EXPECT_EQ(diagnosis.children.front().value_type, "NUM") << "before the algorithm's parameters";
}

TEST(MeasurementReport, CallsIndeterminateWhatTheModelCouldNotDecide) {
    StudyFixture study;
    study.add_analysed(undecided_result());
    const auto report = content_of(study);
    EXPECT_THAT(group_findings(report), testing::IsEmpty());
    EXPECT_THAT(statements(report),
                testing::ElementsAre(
                    "AI diagnosis=Indeterminate", "Notice=Demonstration model, not for clinical use",
                    "CAD Processing and Findings Summary=No algorithms succeeded; without findings",
                    "Normal=Indeterminate", "Pneumonia=Indeterminate", "Requires further evaluation=Absent"));
    const auto& diagnosis = *report.named("UMLS", "C0034375").at(0)->named("99HILUM", "ai-diagnosis").at(0);
    EXPECT_EQ(diagnosis.code, (Code{"82334004", "SCT", "Indeterminate"}));
    EXPECT_EQ(diagnosis.of_type("NUM").at(0)->numeric_value, "0.3840");
    std::vector<std::string> parameters;
    for (const auto* parameter : diagnosis.named("DCM", "111002")) parameters.push_back(parameter->text);
    EXPECT_THAT(parameters, testing::Contains("indeterminate margin=0.1"));
}

TEST(MeasurementReport, RoundsNoScoreToCertainty) {
    StudyFixture study;
    auto result = pneumonia_result();
    result.labels[0].score = result.labels[0].probability = 2e-7;
    result.labels[1].score = result.labels[1].probability = 0.9999997;
    study.add_analysed(result);
    std::vector<std::string> numbers;
    for_each_item(content_of(study), [&](const ContentItem& item) {
        if (item.concept_name.value == "model-score") numbers.push_back(item.numeric_value);
    });
    EXPECT_THAT(numbers, testing::ElementsAre("0.9999997", "0.0000002", "0.0200", "0.9999997"));
}

TEST(MeasurementReport, HasNoGroupForANormalImage) {
    StudyFixture study;
    study.add_analysed(normal_result());
    const auto report = content_of(study);
    EXPECT_THAT(group_findings(report), testing::IsEmpty());
    EXPECT_THAT(statements(report), testing::IsSupersetOf({"AI diagnosis=Normal", "Pneumonia=Absent"}));
}

TEST(MeasurementReport, DoesNotCallAbsentWhatIsAboveItsThreshold) {
    StudyFixture study;
    auto result = pneumonia_result();
    result.labels[2].score = result.labels[2].probability = 0.45;
    result.labels[2].threshold = 0.3;
    study.add_analysed(result);
    EXPECT_THAT(statements(content_of(study)),
                testing::Contains("Requires further evaluation=Indeterminate"));
}

TEST(MeasurementReport, TellsWhatOfAnImageWasNotTakenAsItSaysIt) {
    StudyFixture study;
    study.add_analysed(pneumonia_result()).outcome.notes = {{"window", "The window was not used."}};
    std::vector<std::string> parameters;
    for_each_item(content_of(study), [&](const ContentItem& item) {
        if (item.is("DCM", "111002")) parameters.push_back(item.text);
    });
    EXPECT_EQ(std::ranges::count(parameters, "image note=The window was not used."), 1);
}

// A later version of Hilum may word them otherwise, and a result that is sent again stays what it is.
TEST(MeasurementReport, KeepsItsUidWhateverIsToldOfTheImage) {
    StudyFixture study;
    auto& image = study.add_analysed(pneumonia_result());
    const auto identity = report_identity(study.request, test_profile());
    image.outcome.notes = {{"window", "The window was not used."}};
    EXPECT_EQ(report_identity(study.request, test_profile()).sop_instance_uid, identity.sop_instance_uid);
}

TEST(MeasurementReport, SaysWhyAnImageWasNotAnalysed) {
    StudyFixture study;
    study.add_not_analysed({"view", "the view is LATERAL; this model reads PA and AP"});
    const auto report = content_of(study);
    EXPECT_THAT(statements(report), testing::Contains("AI diagnosis=Not analysed"));
    std::vector<std::string> texts;
    for_each_item(report, [&](const ContentItem& item) { texts.push_back(item.text); });
    EXPECT_THAT(texts, testing::Contains("Not analysed: the view is LATERAL; this model reads PA and AP"));
}

TEST(MeasurementReport, SpeaksTheLanguageOfTheDestination) {
    StudyFixture study;
    study.request.profiles.front().language = "de";
    auto result = multi_label_result(false);
    result.model.notice.clear();
    study.add_analysed(result);
    study.add_not_analysed({"view", "The view is LATERAL; this model reads PA and AP."});
    const auto report = content_of(study);
    EXPECT_EQ(report.named("DCM", "121049").at(0)->code, (Code{"de", "RFC5646", "German"}));
    EXPECT_THAT(group_findings(report), testing::ElementsAre("Pneumothorax", "Tube malposition"))
        << "the package's labels are the package's words";
    EXPECT_THAT(
        statements(report),
        testing::ElementsAre("KI-Diagnose=Pneumothorax", "KI-Diagnose=Nicht analysiert",
                             "Hinweis=Nicht für den klinischen Gebrauch zugelassen",
                             "CAD Processing and Findings Summary=All algorithms succeeded; with findings",
                             "Pleural effusion=Absent"));
    std::set<std::string> own_meanings, texts;
    for_each_item(report, [&](const ContentItem& item) {
        if (item.concept_name.scheme == own_coding_scheme) own_meanings.insert(item.concept_name.meaning);
        if (item.value_type == "TEXT") texts.insert(item.text);
    });
    EXPECT_THAT(own_meanings, testing::UnorderedElementsAre("Hinweis", "KI-Diagnose", "Modellwert",
                                                            "Grund für die fehlende Analyse",
                                                            "Nicht analysiert", "Tube malposition"));
    EXPECT_THAT(texts, testing::Contains("calibration=nicht kalibriert, keine Wahrscheinlichkeit"));
    EXPECT_THAT(texts, testing::Contains(testing::StartsWith("Nicht analysiert: Die Projektion ist nicht")));
}

// Three frames: pneumonia, not analysed, normal.
class ReportOfFrames : public testing::Test {
  protected:
    ReportOfFrames() {
        study.add_analysed(pneumonia_result());
        study.split_into_frames({{std::nullopt, pneumonia_result(), pneumonia_result().model},
                                 {NotAnalysed{"blank", "The image is blank."}, std::nullopt, {}},
                                 {std::nullopt, normal_result(), normal_result().model}});
    }
    StudyFixture study;
};

TEST_F(ReportOfFrames, NamesTheFrameOfEachStatement) {
    const auto report = content_of(study);
    std::vector<std::string> frames, texts;
    for_each_item(report, [&](const ContentItem& item) {
        if (item.value_type == "IMAGE") frames.push_back(item.referenced_frame_number);
        if (item.value_type == "TEXT") texts.push_back(item.text);
    });
    // The image library lists the image once and whole; then a diagnosis, a reason, a diagnosis; two labels
    // each of the first and the third frame; a finding of the first.
    EXPECT_THAT(frames, testing::ElementsAre("", "1", "2", "3", "1", "1", "3", "3", "1"));
    EXPECT_THAT(texts, testing::IsSupersetOf({"frame 1 of 3", "frame 3 of 3", "Pneumonia 1, frame 1 of 3",
                                              "Not analysed: frame 2 of 3: The image is blank."}));
}

TEST_F(ReportOfFrames, KnowsEachFrameByUidsOfItsOwn) {
    const auto& images = study.request.images;
    const auto& profile = study.request.profiles.front();
    EXPECT_NE(tracking_uid(images[0], study.request.model, "Pneumonia"),
              tracking_uid(images[2], study.request.model, "Pneumonia"));
    EXPECT_NE(capture_identity(study.request, profile, images[0]).sop_instance_uid,
              capture_identity(study.request, profile, images[2]).sop_instance_uid);
    EXPECT_EQ(capture_identity(study.request, profile, images[0]).series_instance_uid,
              capture_identity(study.request, profile, images[2]).series_instance_uid);
}

TEST_F(ReportOfFrames, HasACaptureOfEachFrameThatWasAnalysed) {
    const auto reply = compose(study.request, test_equipment());
    std::vector<std::string> frames, numbers;
    for (const auto& result : reply.results) {
        if (result.kind != ResultKind::sc) continue;
        const auto file = load_dicom_file(result.file).value();
        const auto sources = items_of(*file->getDataset(), DCM_SourceImageSequence);
        ASSERT_EQ(sources.size(), 1U);
        frames.push_back(text_of(*sources.front(), DCM_ReferencedFrameNumber));
        numbers.push_back(text_of(*file->getDataset(), DCM_InstanceNumber));
        EXPECT_THAT(text_of(*file->getDataset(), DCM_DerivationDescription),
                    testing::HasSubstr("frame " + frames.back() + " of 3"));
    }
    EXPECT_THAT(frames, testing::ElementsAre("1", "3"));
    EXPECT_NE(numbers.at(0), numbers.at(1));
}

TEST(MeasurementReport, CallsAScoreAProbabilityOnlyWhenCalibrated) {
    for (const bool calibrated : {false, true}) {
        StudyFixture study;
        study.add_analysed(multi_label_result(calibrated));
        int scores = 0;
        for_each_item(content_of(study), [&](const ContentItem& item) {
            const bool is_score = item.value_type == "NUM" && item.unit.value == "1";
            if (!is_score) return;
            ++scores;
            EXPECT_EQ(item.concept_name, calibrated ? terms::probability : terms::model_score);
        });
        EXPECT_EQ(scores, 4);  // two findings, the diagnosis, one absent
    }
}

TEST(MeasurementReport, ReportsTheStudysOwnProcedureElseAPlainChestXRayElseAnyImaging) {
    StudyFixture coded;
    coded.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        put_code(header, 0x0008, 0x1032, {"36572-6", "LN", "XR Chest AP"});
    });
    EXPECT_THAT(procedures(content_of(coded)), testing::ElementsAre("36572-6"));
    StudyFixture chest;
    chest.add_analysed(pneumonia_result());
    EXPECT_THAT(procedures(content_of(chest)), testing::ElementsAre("399208008"));
    StudyFixture unknown;
    unknown.add_analysed(pneumonia_result(),
                         [](DcmDataset& header) { header.findAndDeleteElement(DCM_BodyPartExamined); });
    EXPECT_THAT(procedures(content_of(unknown)), testing::ElementsAre("363679005"));
}

TEST(MeasurementReport, DeclaresTheCharacterSetThatASourceForgot) {
    StudyFixture study;
    study.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_PatientName, "M\xFCller^J\xFCrgen");  // Latin-1
    });
    const auto file = load_result(compose(study.request, test_equipment()), "sr");
    ASSERT_TRUE(file);
    EXPECT_EQ(text_of(*file->getDataset(), DCM_SpecificCharacterSet), "ISO_IR 100");
    EXPECT_EQ(text_of(*file->getDataset(), DCM_PatientName), "M\xC3\xBCller^J\xC3\xBCrgen");
}

TEST(MeasurementReport, TellsTimesInTheZoneOfTheSource) {
    StudyFixture study;
    study.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_TimezoneOffsetFromUTC, "+0930");
    });
    const auto file = load_result(compose(study.request, test_equipment()), "sr");
    ASSERT_TRUE(file);
    EXPECT_EQ(text_of(*file->getDataset(), DCM_TimezoneOffsetFromUTC), "+0930");
    EXPECT_EQ(text_of(*file->getDataset(), DCM_ContentDate), "20260302");
    EXPECT_EQ(text_of(*file->getDataset(), DCM_ContentTime), "173000.123456");
}

TEST(DeviceUid, ChangesWithTheModel) {
    ModelIdentity model{"a", "1", "weights", "configuration", false, ""};
    ModelIdentity other = model;
    other.configuration_sha256 = "site's threshold";
    EXPECT_NE(device_uid(model), device_uid(other));
    EXPECT_EQ(device_uid(model), device_uid(ModelIdentity(model)));
}

}  // namespace
}  // namespace hilum::results::test
