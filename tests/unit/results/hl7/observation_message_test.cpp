#include "results/hl7/observation_message.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "results/report/report_terms.h"
#include "results/source_header.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ObservationMessageTest : public testing::Test {
  protected:
    ObservationMessageTest() {
        settings_ = {"HILUM", "NORTH", "RIS", "HOSPITAL", "P", "2.5.1", "P", "utf8"};
        study_.request.opened_at = 1'700'000'000'000'000;
    }
    std::string message() {
        const auto sources = load_sources(study_.request);
        EXPECT_TRUE(sources) << sources.error().message;
        return build_observation_message(
            study_.request, settings_, sources->images, message_identity(study_.request, settings_).uid,
            {test_equipment(), study_.request.urgent, study_.request.urgent_study});
    }
    // The segments of that name, each as its fields; of MSH the separator is field 1.
    std::vector<std::vector<std::string>> segments(const std::string& name) {
        std::vector<std::vector<std::string>> found;
        for (const auto& line : split(message(), '\r')) {
            auto fields = split(line, '|');
            if (fields.front() != name) continue;
            if (name == "MSH") fields.insert(fields.begin() + 1, "|");
            fields.resize(30);
            found.push_back(std::move(fields));
        }
        return found;
    }
    std::vector<std::string> observation(const std::string& code, std::size_t number = 0) {
        std::vector<std::vector<std::string>> found;
        for (const auto& segment : segments("OBX"))
            if (segment[3].starts_with(code + "^")) found.push_back(segment);
        if (number < found.size()) return found[number];
        ADD_FAILURE() << "no OBX of " << code << " in " << message();
        return std::vector<std::string>(30);
    }
    StudyFixture study_;
    Hl7Settings settings_;
};

TEST_F(ObservationMessageTest, SaysWhoSendsWhatToWhom) {
    study_.add_analysed(pneumonia_result());
    const auto header = segments("MSH").at(0);
    EXPECT_EQ(header[2], "^~\\&");
    EXPECT_EQ(header[3], "HILUM");
    EXPECT_EQ(header[4], "NORTH");
    EXPECT_EQ(header[5], "RIS");
    EXPECT_EQ(header[6], "HOSPITAL");
    EXPECT_EQ(header[9], "ORU^R01^ORU_R01");
    EXPECT_EQ(header[10].size(), 20u);
    EXPECT_EQ(header[11], "P");
    EXPECT_EQ(header[12], "2.5.1");
    EXPECT_EQ(header[18], "UNICODE UTF-8");
    EXPECT_THAT(header[7], StartsWith("20231114"));
}

TEST_F(ObservationMessageTest, NamesPatientAndOrder) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
        header.putAndInsertString(DCM_PatientName, "Yamada^Tarou^^Dr^Jr=山田^太郎=やまだ^たろう");
        header.putAndInsertString(DCM_PatientID, "A|7");
        header.putAndInsertString(DCM_IssuerOfPatientID, "NORTH");
        header.putAndInsertString(DCM_PatientSex, "F");
        header.putAndInsertString(DCM_PatientBirthDate, "19560412");
        header.putAndInsertString(DCM_AccessionNumber, "ACC1");
        header.putAndInsertString(DCM_PlacerOrderNumberImagingServiceRequest, "PL1");
        header.putAndInsertString(DCM_StudyDate, "20260302");
        header.putAndInsertString(DCM_StudyTime, "081530.25");
    });
    const auto patient = segments("PID").at(0);
    EXPECT_EQ(patient[3], "A\\F\\7^^^NORTH^PI");
    EXPECT_EQ(patient[5], "Yamada^Tarou^^Jr^Dr^^^A~山田^太郎^^^^^^I~やまだ^たろう^^^^^^P");
    EXPECT_EQ(patient[7], "19560412");
    EXPECT_EQ(patient[8], "F");
    const auto request = segments("OBR").at(0);
    EXPECT_EQ(request[2], "PL1");
    EXPECT_EQ(request[3], "ACC1");
    EXPECT_EQ(request[4], "363679005^Imaging procedure^SCT");
    EXPECT_EQ(request[7], "20260302081530");
    EXPECT_EQ(request[18], "ACC1");
    EXPECT_EQ(request[25], "P");
    EXPECT_EQ(request[27], "^^^^^R");
    EXPECT_EQ(observation("110180")[5], study_.request.study_instance_uid);
}

TEST_F(ObservationMessageTest, TellsFindingsWithAbnormalFlagsAndThresholds) {
    study_.add_analysed(multi_label_result(true));
    const auto finding = observation("36118008");  // pneumothorax
    EXPECT_EQ(finding[2], "NM");
    EXPECT_EQ(finding[4], observation("121322")[4]);
    EXPECT_EQ(finding[6], "1^no units^UCUM");
    EXPECT_THAT(finding[7], StartsWith("<0."));
    EXPECT_EQ(finding[8], "A");
    EXPECT_EQ(finding[17], "122157^Probability^DCM");
    EXPECT_THAT(finding[18], HasSubstr("^ISO"));
    int normal = 0;
    for (const auto& segment : segments("OBX")) normal += segment[2] == "NM" && segment[8] == "N";
    EXPECT_GT(normal, 0);
}

TEST_F(ObservationMessageTest, CallsNothingAProbabilityThatIsNotCalibrated) {
    study_.add_analysed(pneumonia_result());
    EXPECT_EQ(observation("233604007")[17], "model-score^Model score^99HILUM");
    EXPECT_EQ(observation("233604007")[5], "0.9300");
    EXPECT_EQ(observation("ai-diagnosis")[5], "233604007^Pneumonia^SCT");
    EXPECT_EQ(observation("ai-diagnosis")[8], "A");
    EXPECT_THAT(message(), Not(HasSubstr("122157")));
}

TEST_F(ObservationMessageTest, SendsScoresAsNumbersAndNoneAsCertain) {
    auto result = pneumonia_result();
    result.labels[1].score = result.labels[1].probability = 0.99998;
    study_.add_analysed(result);
    EXPECT_EQ(observation("233604007")[2], "NM");
    EXPECT_EQ(observation("233604007")[5], "0.99998");
}

TEST_F(ObservationMessageTest, FlagsWhatIsIndeterminate) {
    study_.add_analysed(undecided_result());
    EXPECT_EQ(observation("ai-diagnosis")[5], "82334004^Indeterminate^SCT");
    EXPECT_EQ(observation("ai-diagnosis")[8], "IND");
    EXPECT_EQ(observation("233604007")[8], "IND");
    EXPECT_EQ(observation("triage-priority")[5], "routine^Routine^99HILUM");
    study_.request.urgent = {{"indeterminate", 0}};
    study_.request.urgent_study = true;
    EXPECT_EQ(observation("ai-diagnosis")[8], "AA");
    EXPECT_EQ(observation("triage-priority")[5], "urgent^Urgent^99HILUM");
}

// As the report says of it: "normal" would claim too much.
TEST_F(ObservationMessageTest, FlagsAClassAboveItsOwnThresholdThatIsNotTheDiagnosis) {
    auto result = normal_result();
    result.labels[1].score = result.labels[1].probability = 0.40;
    result.labels[1].threshold = 0.30;
    study_.add_analysed(result);
    EXPECT_EQ(presence_of(result.labels[1]), terms::indeterminate);
    EXPECT_EQ(observation("233604007")[8], "IND");
    EXPECT_EQ(observation("ai-diagnosis")[8], "N");
    study_.request.images.front().outcome.result->labels[1].threshold = 0.41;
    EXPECT_EQ(observation("233604007")[8], "N");
}

TEST_F(ObservationMessageTest, IsNeverFinal) {
    study_.add_analysed(pneumonia_result());
    for (const char* status : {"P", "R"}) {
        settings_.result_status = status;
        EXPECT_EQ(segments("OBR").at(0)[25], status);
        for (const auto& segment : segments("OBX")) EXPECT_EQ(segment[11], status);
    }
}

TEST_F(ObservationMessageTest, MarksWhatMakesTheStudyUrgent) {
    study_.add_analysed(pneumonia_result());
    EXPECT_EQ(observation("triage-priority")[5], "routine^Routine^99HILUM");
    study_.request.urgent = {{"Pneumonia", 0.9}};
    study_.request.urgent_study = true;
    EXPECT_EQ(observation("triage-priority")[5], "urgent^Urgent^99HILUM");
    EXPECT_EQ(observation("triage-priority")[8], "AA");
    EXPECT_EQ(observation("233604007")[8], "AA");
    EXPECT_EQ(segments("OBR").at(0)[27], "^^^^^S");
    study_.request.urgent = {{"Pneumonia", 0.95}};
    EXPECT_EQ(observation("233604007")[8], "A");
}

// Another package's finding is; a worklist goes by the message that came last.
TEST_F(ObservationMessageTest, IsUrgentWithTheStudyWhateverItsOwnFindings) {
    study_.add_analysed(normal_result());
    study_.request.urgent = {{"Pneumothorax", 0}};
    study_.request.urgent_study = true;
    EXPECT_EQ(observation("triage-priority")[5], "urgent^Urgent^99HILUM");
    EXPECT_EQ(segments("OBR").at(0)[27], "^^^^^S");
    EXPECT_EQ(observation("ai-diagnosis")[8], "N");
}

TEST_F(ObservationMessageTest, TellsOfEachImageAndWhyOneHasNoScore) {
    study_.add_analysed(normal_result());
    study_.add_not_analysed({"view", "the view is LATERAL"});
    const auto first = observation("121322", 0), second = observation("121322", 1);
    EXPECT_NE(first[5], second[5]);
    EXPECT_NE(first[4], second[4]);
    const auto reason = observation("not-analysed");
    EXPECT_EQ(reason[5], "Not analysed: the view is LATERAL");
    EXPECT_EQ(observation("ai-diagnosis")[8], "N");
}

// A receiver that updates what it has goes by OBX-3 and OBX-4.
TEST_F(ObservationMessageTest, NumbersNoTwoImagesPackagesOrFramesAlike) {
    study_.add_analysed(normal_result());
    const auto first = observation("ai-diagnosis")[4];
    study_.request.model_name = "another";
    EXPECT_NE(observation("ai-diagnosis")[4], first);
    EXPECT_NE(observation("notice")[4], "");
    study_.request.model_name = study_.request.model.name;
    study_.request.images.front().frames = 2;
    study_.request.images.front().frame = 2;
    EXPECT_EQ(observation("ai-diagnosis")[4], first + ".2");
    study_.request.images.front().frames = 99'999;
    study_.request.images.front().frame = 99'999;
    EXPECT_EQ(observation("ai-diagnosis")[4].size(), 20u) << "no more in HL7 2.5.1";
}

TEST_F(ObservationMessageTest, NumbersAnImageAlikeInEveryVersion) {
    study_.add_analysed(normal_result(),
                        [](DcmDataset& header) { header.putAndInsertString(DCM_InstanceNumber, "2"); });
    const auto number = observation("ai-diagnosis")[4];
    study_.add_analysed(normal_result());
    EXPECT_EQ(observation("ai-diagnosis", 1)[4], number) << "the late one comes before it";
    study_.request.images.erase(study_.request.images.begin());
    EXPECT_NE(observation("ai-diagnosis")[4], number) << "what retention left is another image";
}

// As an emergency room sends it first.
TEST_F(ObservationMessageTest, NamesThePatientThatOneImageNames) {
    study_.add_analysed(normal_result(),
                        [](DcmDataset& header) { header.putAndInsertString(DCM_PatientID, ""); });
    study_.add_analysed(normal_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_PatientID, "KNOWN-7");
        header.putAndInsertString(DCM_AccessionNumber, "");
    });
    EXPECT_EQ(segments("PID").at(0)[3], "KNOWN-7^^^^PI");
    EXPECT_EQ(segments("OBR").at(0)[18], "ACC0001") << "of the one that has it";
    study_.add_analysed(normal_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_PatientID, "KNOWN-7");
        header.putAndInsertString(DCM_IssuerOfPatientID, "NORTH");
    });
    EXPECT_EQ(segments("PID").at(0)[3], "KNOWN-7^^^NORTH^PI");
}

// IHE's group case: one acquisition for several orders.
TEST_F(ObservationMessageTest, TellsEachOrderOfAGroup) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_AccessionNumber, "");
        for (const char* order : {"ORD-A", "ORD-B"}) {
            DcmItem* item = nullptr;
            ASSERT_TRUE(header.findOrCreateSequenceItem(DCM_RequestAttributesSequence, item, -2).good());
            item->putAndInsertString(DCM_AccessionNumber, order);
            item->putAndInsertString(DCM_PlacerOrderNumberImagingServiceRequest,
                                     (std::string("P-") + order).c_str());
        }
    });
    const auto requests = segments("OBR");
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0][1], "1");
    EXPECT_EQ(requests[0][18], "ORD-A");
    EXPECT_EQ(requests[1][1], "2");
    EXPECT_EQ(requests[1][2], "P-ORD-B");
    EXPECT_EQ(requests[1][3], "ORD-B");
    const auto first = observation("ai-diagnosis", 0), second = observation("ai-diagnosis", 1);
    EXPECT_EQ(first, second);
}

TEST_F(ObservationMessageTest, TellsAnOrderOnceThatIsNamedInTwoWays) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_AccessionNumber, "");
        for (const char* placer : {"", "P-1"}) {
            DcmItem* item = nullptr;
            ASSERT_TRUE(header.findOrCreateSequenceItem(DCM_RequestAttributesSequence, item, -2).good());
            item->putAndInsertString(DCM_AccessionNumber, "ORD-A");
            item->putAndInsertString(DCM_PlacerOrderNumberImagingServiceRequest, placer);
        }
    });
    const auto requests = segments("OBR");
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0][18], "ORD-A");
}

TEST_F(ObservationMessageTest, TellsOneOrderWhereMoreAreNamedThanAnybodyMeans) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_AccessionNumber, "ORD");
        for (int order = 0; order < 3000; ++order) {
            DcmItem* item = nullptr;
            ASSERT_TRUE(header.findOrCreateSequenceItem(DCM_RequestAttributesSequence, item, -2).good());
            item->putAndInsertString(DCM_AccessionNumber, ("ORD-" + std::to_string(order)).c_str());
        }
    });
    const auto requests = segments("OBR");
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0][18], "ORD");
}

TEST_F(ObservationMessageTest, IsTheSameMessageWhenItIsMadeAgain) {
    study_.add_analysed(pneumonia_result());
    EXPECT_EQ(message(), message());
    const auto first = message_identity(study_.request, settings_);
    study_.request.version = 2;
    EXPECT_NE(message_identity(study_.request, settings_).control_id, first.control_id);
    EXPECT_EQ(observation("report-version")[5], "v2");
}

TEST_F(ObservationMessageTest, IsInLatin1WhereThatIsAskedForAndSuffices) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
        header.putAndInsertString(DCM_PatientName, "Müller^Zoë");
    });
    settings_.character_set = "latin1";
    EXPECT_EQ(segments("MSH").at(0)[18], "8859/1");
    EXPECT_EQ(segments("PID").at(0)[5], "M\xFCller^Zo\xEB");
    study_.request.images.clear();
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
        header.putAndInsertString(DCM_PatientName, "Łukasz");
    });
    EXPECT_EQ(segments("MSH").at(0)[18], "UNICODE UTF-8");
    EXPECT_EQ(segments("PID").at(0)[5], "Łukasz");
}

TEST_F(ObservationMessageTest, NamesAPatientWhoseNameIsInUtf8WhateverItDeclares) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 100");
        header.putAndInsertString(DCM_PatientName, "Müller^Zoë");
    });
    EXPECT_EQ(segments("PID").at(0)[5], "Müller^Zoë");
}

TEST_F(ObservationMessageTest, MakesNoDateOfATime) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_StudyDate, "");
        header.putAndInsertString(DCM_StudyTime, "101112");
        header.putAndInsertString(DCM_PatientID, "");
    });
    EXPECT_EQ(segments("OBR").at(0)[7], "");
    EXPECT_EQ(segments("PID").at(0)[3], "");
}

TEST_F(ObservationMessageTest, SpeaksOlderVersions) {
    study_.add_analysed(pneumonia_result());
    settings_.version = "2.3.1";
    EXPECT_EQ(segments("MSH").at(0)[9], "ORU^R01");
    EXPECT_EQ(observation("ai-diagnosis")[2], "CE");
}

TEST_F(ObservationMessageTest, TakesItselfBack) {
    study_.add_analysed(pneumonia_result());
    study_.request.withdrawal = {"quality", "wrong model", 1, {}};
    EXPECT_THAT(observation("withdrawn")[5], HasSubstr("wrong model"));
    EXPECT_EQ(observation("withdrawn")[11], "W");
    EXPECT_EQ(segments("OBX").size(), 3u);
    EXPECT_EQ(segments("OBR").at(0)[25], "P");
}

}  // namespace
}  // namespace hilum::results::test
