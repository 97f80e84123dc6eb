#include "results/told_results.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "base/text.h"
#include "dicom/dataset_reading.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const auto named = [](const char* id, const char* issuer = "") {
    return [id, issuer](DcmDataset& header) {
        header.putAndInsertString(DCM_PatientID, id);
        header.putAndInsertString(DCM_IssuerOfPatientID, issuer);
    };
};

// A study that is told to a PACS by DICOM and to a RIS by HL7.
class ToldResultsTest : public testing::Test {
  protected:
    ToldResultsTest() {
        study_.request.profiles = both();
        study_.request.opened_at = 1'700'000'000'000'000;
    }
    static constexpr std::int64_t first_report = 7;
    static std::vector<ReportProfile> both() {
        auto ris = test_profile();
        ris.destinations = {"ris"};
        ris.sr = false;
        ris.sc_when = CaptureWhen::never;
        ris.oru = true;
        ris.hl7 = {"HILUM", "NORTH", "RIS", "HOSPITAL", "P", "2.5.1", "P", "utf8"};
        return {test_profile(), ris};
    }
    ComposeReply make() { return compose(study_.request, test_equipment()); }
    // Its images name another patient by now.
    void correct_to(const char* id) {
        study_.request.images.clear();
        study_.add_analysed(pneumonia_result(), named(id)).dataset_sha256 = std::string("of ") + id;
    }
    ComposeReply take_back(const ComposeReply& made) {
        withdraw_all(study_.request, made);
        for (auto& result : study_.request.withdrawal.results) result.report = first_report;
        study_.request.profiles = both();
        study_.request.version = 3;
        return make();
    }
    void tell(const ComposeReply& made) {
        study_.request.version = 2;
        for (const auto& result : made.results)
            study_.request.told.push_back({result.kind,
                                           std::filesystem::path(result.file).filename().string(),
                                           result.sha256, first_report});
    }
    // As where retention took the files: what is kept of the report's header is in the database.
    void remove_files(const ComposeReply& made, std::int64_t report = first_report) {
        for (const auto& result : made.results) std::filesystem::remove(result.file);
        study_.request.filed.push_back({report, made.filed_under});
    }
    static std::vector<std::string> of_kind(const ComposeReply& reply, ResultKind kind) {
        std::vector<std::string> files;
        for (const auto& result : reply.results)
            if (result.kind == kind) files.push_back(result.file);
        return files;
    }
    static std::vector<std::vector<std::string>> segments(const std::string& message,
                                                          const std::string& name) {
        std::vector<std::vector<std::string>> found;
        for (const auto& line : split(message, '\r')) {
            auto fields = split(line, '|');
            if (fields.front() != name) continue;
            fields.resize(30);
            found.push_back(std::move(fields));
        }
        return found;
    }
    static std::string patient_in_note(const std::string& file) {
        const auto loaded = load_dicom_file(file);
        EXPECT_TRUE(loaded.has_value());
        return loaded ? text_of(*(*loaded)->getDataset(), DCM_PatientID) : "";
    }
    // By a key object and a message of their own.
    static void expect_taken_back_from_each(const ComposeReply& reply) {
        ASSERT_EQ(code_of(reply), "");
        std::vector<std::string> patients;
        for (const auto& note : of_kind(reply, ResultKind::ko)) patients.push_back(patient_in_note(note));
        EXPECT_THAT(patients, ElementsAre("WRONG-1", "RIGHT-2"));
        const auto messages = of_kind(reply, ResultKind::oru);
        ASSERT_EQ(messages.size(), 2u);
        const auto first = bytes_of(messages[0]), second = bytes_of(messages[1]);
        EXPECT_THAT(segments(first, "PID").at(0)[3], HasSubstr("WRONG-1"));
        EXPECT_THAT(segments(second, "PID").at(0)[3], HasSubstr("RIGHT-2"));
        EXPECT_NE(segments(first, "MSH").at(0)[9], segments(second, "MSH").at(0)[9]);
    }
    StudyFixture study_;
};

TEST_F(ToldResultsTest, AreTakenBackUnderThePatientWhoWasTold) {
    study_.add_analysed(pneumonia_result(), named("ALICE"));
    const auto made = make();
    correct_to("BOB");
    const auto reply = take_back(made);
    ASSERT_EQ(code_of(reply), "");
    EXPECT_THAT(kinds(reply), ElementsAre("oru", "ko"));
    EXPECT_EQ(patient_in_note(of_kind(reply, ResultKind::ko).at(0)), "ALICE");
    const auto message = bytes_of(of_kind(reply, ResultKind::oru).at(0));
    EXPECT_THAT(segments(message, "PID").at(0)[3], HasSubstr("ALICE"));
    const auto again = make();
    for (std::size_t i = 0; i < reply.results.size(); ++i)
        EXPECT_EQ(again.results[i].sha256, reply.results[i].sha256);
}

TEST_F(ToldResultsTest, AreTakenBackObservationByObservation) {
    study_.request.model_name = "m1";  // the folder's name, which nobody was told
    study_.add_analysed(pneumonia_result());
    const auto made = make();
    const auto told = bytes_of(of_kind(made, ResultKind::oru).at(0));
    const auto taken = bytes_of(of_kind(take_back(made), ResultKind::oru).at(0));
    const auto before = segments(told, "OBX"), after = segments(taken, "OBX");
    ASSERT_EQ(after.size(), before.size() + 1);
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(after[i][3], before[i][3]);
        EXPECT_EQ(after[i][4], before[i][4]);
        EXPECT_EQ(after[i][18], before[i][18]);
        EXPECT_EQ(after[i][11], "W");
    }
    EXPECT_EQ(after.back()[3], "withdrawn^Withdrawn^99HILUM");
    EXPECT_EQ(after.back()[11], "W");
    EXPECT_EQ(after.back()[18], before.front()[18]);
    EXPECT_THAT(after.back()[5], HasSubstr("(chest-triage)"));
    EXPECT_EQ(segments(taken, "OBR").at(0)[3], segments(told, "OBR").at(0)[3]);
    EXPECT_NE(segments(taken, "MSH").at(0)[9], segments(told, "MSH").at(0)[9]);
}

TEST_F(ToldResultsTest, AreTakenBackInTheCharacterSetInWhichTheyWereTold) {
    auto& hl7 = study_.request.profiles.at(1).hl7;
    hl7.character_set = "latin1";
    hl7.receiving_facility = "Südklinik";
    study_.add_analysed(pneumonia_result());
    const auto made = make();
    const auto told = bytes_of(of_kind(made, ResultKind::oru).at(0));
    const auto taken = bytes_of(of_kind(take_back(made), ResultKind::oru).at(0));
    EXPECT_EQ(segments(told, "MSH").at(0)[5],
              "S\xFC"
              "dklinik");
    EXPECT_EQ(segments(taken, "MSH").at(0)[5],
              "S\xFC"
              "dklinik");
    EXPECT_EQ(segments(taken, "MSH").at(0)[17], "8859/1");
}

TEST_F(ToldResultsTest, OfOlderVersionsAreTakenBackWithTheNewest) {
    study_.add_analysed(pneumonia_result());
    auto made = make();
    study_.add_analysed(normal_result());
    study_.request.images.erase(study_.request.images.begin());  // as where retention took it
    study_.request.version = 2;
    const auto newer = make();
    made.results.insert(made.results.end(), newer.results.begin(), newer.results.end());
    const auto taken = of_kind(take_back(made), ResultKind::oru);
    ASSERT_EQ(taken.size(), 1u);
    std::set<std::string> images;
    for (const auto& observation : segments(bytes_of(taken.front()), "OBX"))
        if (observation[3].starts_with("ai-diagnosis^")) images.insert(observation[4]);
    EXPECT_EQ(images.size(), 2u);
}

TEST_F(ToldResultsTest, OfTwoPatientsAreTakenBackFromEach) {
    study_.add_analysed(pneumonia_result(), named("WRONG-1"));
    auto made = make();
    correct_to("RIGHT-2");
    study_.request.version = 2;
    const auto newer = make();
    made.results.insert(made.results.end(), newer.results.begin(), newer.results.end());
    expect_taken_back_from_each(take_back(made));
}

TEST_F(ToldResultsTest, WhoseFilesAreGoneAreTakenBackByAnImageThatNamesThePatient) {
    study_.add_analysed(pneumonia_result());
    const auto made = make();
    for (const auto& result : made.results) std::filesystem::remove(result.file);
    study_.request.images.clear();
    study_.add_analysed(normal_result(), named(""));
    study_.add_analysed(normal_result(), named("KNOWN-7"));
    const auto reply = take_back(made);
    ASSERT_EQ(code_of(reply), "");
    EXPECT_EQ(patient_in_note(of_kind(reply, ResultKind::ko).at(0)), "KNOWN-7");
    EXPECT_EQ(segments(bytes_of(of_kind(reply, ResultKind::oru).at(0)), "OBX").size(), 3u);
}

TEST_F(ToldResultsTest, WhoseFilesAreGoneAreTakenBackUnderThePatientThatIsKept) {
    study_.add_analysed(pneumonia_result(), named("ALICE", "NORTH"));
    const auto made = make();
    EXPECT_THAT(made.composed_for, ElementsAre("pacs", "ris"));
    const auto told = bytes_of(of_kind(made, ResultKind::oru).at(0));
    remove_files(made);
    correct_to("BOB");
    const auto reply = take_back(made);
    ASSERT_EQ(code_of(reply), "");
    EXPECT_EQ(patient_in_note(of_kind(reply, ResultKind::ko).at(0)), "ALICE");
    const auto message = bytes_of(of_kind(reply, ResultKind::oru).at(0));
    EXPECT_EQ(segments(message, "PID").at(0), segments(told, "PID").at(0));
    for (const std::size_t field : {2, 3, 4, 7, 18})
        EXPECT_EQ(segments(message, "OBR").at(0)[field], segments(told, "OBR").at(0)[field]);
    EXPECT_NE(segments(message, "MSH").at(0)[9], segments(told, "MSH").at(0)[9]);
    EXPECT_EQ(segments(message, "OBX").back()[11], "W");
}

TEST_F(ToldResultsTest, OfTwoPatientsAreTakenBackFromEachThoughTheirFilesAreGone) {
    study_.add_analysed(pneumonia_result(), named("WRONG-1"));
    auto made = make();
    remove_files(made);
    const auto results_of_first = made.results.size();
    correct_to("RIGHT-2");
    study_.request.version = 2;
    const auto newer = make();
    remove_files(newer, first_report + 1);
    made.results.insert(made.results.end(), newer.results.begin(), newer.results.end());
    withdraw_all(study_.request, made);
    study_.request.profiles = both();
    study_.request.version = 3;
    auto& results = study_.request.withdrawal.results;
    for (std::size_t i = 0; i < results.size(); ++i)
        results[i].report = first_report + (i < results_of_first ? 0 : 1);
    expect_taken_back_from_each(make());
}

TEST_F(ToldResultsTest, WhoseFilesAreGoneHoldBackWhatIsOfAnotherPatientThanIsKept) {
    study_.add_analysed(pneumonia_result(), named("WRONG-1"));
    const auto made = make();
    remove_files(made);
    tell(made);
    correct_to("RIGHT-2");
    EXPECT_EQ(code_of(make()), patient_changed);
    study_.request.filed.front().header.clear();  // as of a Hilum that kept none
    EXPECT_EQ(code_of(make()), "");
}

TEST_F(ToldResultsTest, HoldBackWhatIsOfAnotherPatient) {
    study_.add_analysed(pneumonia_result(), named("WRONG-1"));
    tell(make());
    correct_to("RIGHT-2");
    const auto reply = make();
    EXPECT_EQ(code_of(reply), patient_changed);
    EXPECT_EQ(reply.error->retry, Retry::never);
    EXPECT_TRUE(reply.results.empty());
}

TEST_F(ToldResultsTest, ToARisAloneHoldBackWhatIsOfAnotherIssuer) {
    study_.request.profiles = {both().back()};
    study_.add_analysed(pneumonia_result(), named("A|1", "NORTH"));
    tell(make());
    study_.request.images.clear();
    study_.add_analysed(pneumonia_result(), named("A|1", "SOUTH"));
    EXPECT_EQ(code_of(make()), patient_changed);
    study_.request.images.clear();
    study_.add_analysed(pneumonia_result(), named("A|1", "North&1.2.3&ISO"));
    EXPECT_EQ(code_of(make()), "");
}

TEST_F(ToldResultsTest, ThatNameNobodyOrAreGoneHoldBackNothing) {
    study_.add_analysed(pneumonia_result(), named(""));
    tell(make());
    correct_to("RIGHT-2");
    const auto made = make();
    EXPECT_EQ(code_of(made), "");
    study_.request.told.clear();
    tell(made);
    for (const auto& result : made.results) std::filesystem::remove(result.file);
    correct_to("OTHER-3");
    EXPECT_EQ(code_of(make()), "");
}

TEST_F(ToldResultsTest, AreFiledUnderThePatientThatOneOfTheImagesNames) {
    study_.add_analysed(pneumonia_result(), named(""));
    study_.add_analysed(normal_result(), named("KNOWN-7"));
    const auto reply = make();
    ASSERT_EQ(code_of(reply), "");
    EXPECT_EQ(patient_in_note(of_kind(reply, ResultKind::sr).at(0)), "KNOWN-7");
    EXPECT_THAT(segments(bytes_of(of_kind(reply, ResultKind::oru).at(0)), "PID").at(0)[3],
                HasSubstr("KNOWN-7"));
}

}  // namespace
}  // namespace hilum::results::test
