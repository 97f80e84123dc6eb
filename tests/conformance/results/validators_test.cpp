#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>

#include "dicom/dataset_reading.h"
#include "results/report/report_terms.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

struct Output {
    int status = -1;
    std::string text;  // stdout and stderr
};

Output run(const std::string& command) {
    Output output;
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return output;
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        output.text.append(buffer.data(), n);
    output.status = ::pclose(pipe);
    return output;
}

bool has_tool(const std::string& name) {
    return run("command -v " + name).status == 0;
}

// dsrdump says of itself that it does not check the lengths of text in some character sets, nor the template
// of key objects.
bool is_the_tools_own_limit(const std::string& line) {
    return line.find("The VR checker does not support this Specific Character Set") != std::string::npos ||
           line.find("Check for template constraints not yet supported") != std::string::npos;
}

std::vector<std::string> error_lines(const std::string& text) {
    std::vector<std::string> errors;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const bool complaint = line.starts_with("Error") || line.starts_with("E:") || line.starts_with("W:");
        if (complaint && !is_the_tools_own_limit(line)) errors.push_back(line);
    }
    return errors;
}

// dcmpschk refuses each DT that has an offset, though the format that it prints as expected allows one, and
// names beyond ASCII. Both are as they should be.
bool is_a_limit_of_dcmpschk(const std::string& complaint) {
    static const std::regex offset(R"(Type DT.*value +: \[[0-9]{14}\.[0-9]{6}[+-][0-9]{4}\])");
    return !is_ascii(complaint) || std::regex_search(complaint, offset);
}

// What it says of an attribute is some lines with "E:" up to an empty one, all else one with "W:". Its
// verdict and its exit status tell nothing, since the former counts its limits too and the latter is always
// 0.
std::vector<std::string> complaints_of_dcmpschk(const std::string& text) {
    std::vector<std::string> complaints;
    std::string complaint;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("W:") && !line.starts_with("W: Test")) complaints.push_back(line);
        if (!line.starts_with("E:")) continue;
        complaint += line + " ";
        if (line.find_first_not_of(' ', 2) != std::string::npos) continue;
        if (!is_a_limit_of_dcmpschk(complaint)) complaints.push_back(complaint);
        complaint.clear();
    }
    if (!complaint.empty()) complaints.push_back(complaint);
    return complaints;
}

void expect_valid(const ComposeReply& reply) {
    EXPECT_EQ(code_of(reply), "") << testing::PrintToString(reply.problems);
    EXPECT_FALSE(reply.results.empty());
    for (const ComposedResult& result : reply.results) {
        const Output judged = run("dciodvfy " + result.file);
        EXPECT_THAT(error_lines(judged.text), testing::IsEmpty()) << judged.text;
        if (result.kind == ResultKind::pr) {
            const std::string text = run("dcmpschk " + result.file).text;
            EXPECT_THAT(text, testing::HasSubstr("W: Test "));  // passed or failed
            EXPECT_THAT(complaints_of_dcmpschk(text), testing::IsEmpty()) << text;
        }
        if (result.kind != ResultKind::sr && result.kind != ResultKind::ko) continue;
        const Output dumped = run("dsrdump +Pl " + result.file);
        EXPECT_EQ(dumped.status, 0) << dumped.text;
        EXPECT_THAT(error_lines(dumped.text), testing::IsEmpty()) << dumped.text;
    }
}

ReportProfile with_states() {
    auto profile = test_profile();
    profile.sc_style = CaptureStyle::presentation_state;
    return profile;
}

// Reports of each class with activation regions and without, captures of both styles, presentation states.
std::vector<ReportProfile> every_profile() {
    std::vector<ReportProfile> profiles;
    for (const char* const sop_class : {"comprehensive_3d", "comprehensive", "enhanced"})
        for (const bool regions : {false, true}) {
            profiles.push_back(with_states());
            profiles.back().sr_class = enum_from<ReportClass>(sop_class).value();
            profiles.back().sr_activation_region = regions;
        }
    profiles.push_back(test_profile());
    return profiles;
}

void withdraw_all(ComposeRequest& request, const ComposeReply& made, const char* reason = "quality") {
    request.withdrawal = {reason, "wrong model", 1'700'000'000'000'000, {}};
    for (const auto& result : made.results)
        request.withdrawal.results.push_back({result.kind,
                                              result.sop_class_uid,
                                              result.sop_instance_uid,
                                              result.series_instance_uid,
                                              {"pacs"}});
}

void of_many_frames(DcmDataset& header) {
    header.putAndInsertString(DCM_SOPClassUID, UID_MultiframeGrayscaleByteSecondaryCaptureImageStorage);
}

class Validators : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* const tool : {"dciodvfy", "dsrdump", "dcmpschk"})
            if (!has_tool(tool)) GTEST_SKIP() << tool << " is not installed";
    }
    StudyFixture study_;
};

class ValidatorsOfEachClass : public Validators, public testing::WithParamInterface<const char*> {};

TEST_P(ValidatorsOfEachClass, FindNoErrorInAReportWithAFinding) {
    study_.request.profiles = {test_profile(GetParam())};
    study_.add_analysed(pneumonia_result());
    expect_valid(compose(study_.request, test_equipment()));
}

TEST_P(ValidatorsOfEachClass, FindNoErrorInAReportThatHoldsAHeadOfTheAuditTrail) {
    study_.add_analysed(pneumonia_result());
    study_.request.profiles = {test_profile(GetParam())};
    study_.request.audit_head = R"({"audit_head": {"event": 7, "hash": "ab", "signature": "cd"}})";
    expect_valid(compose(study_.request, test_equipment()));
}

TEST_P(ValidatorsOfEachClass, FindNoErrorInAReportWithActivationRegions) {
    study_.request.profiles = {test_profile(GetParam())};
    study_.request.profiles.front().sr_activation_region = true;
    study_.add_analysed(multi_label_result(true));
    const auto reply = compose(study_.request, test_equipment());
    expect_valid(reply);
    const std::string text = run("dsrdump +Pl " + reply.results.at(0).file).text;
    EXPECT_THAT(text, testing::HasSubstr("Activation region (bounding box)"));
    EXPECT_THAT(text, testing::HasSubstr("<selected from IMAGE"));
}

INSTANTIATE_TEST_SUITE_P(Classes, ValidatorsOfEachClass,
                         testing::Values("comprehensive_3d", "comprehensive", "enhanced"));

TEST_F(Validators, FindAnErrorInAPresentationStateThatIsDamaged) {
    study_.request.profiles = {with_states()};
    study_.add_analysed(pneumonia_result());
    const auto reply = compose(study_.request, test_equipment());
    const auto file = load_result(reply, "pr");
    file->getDataset()->findAndDeleteElement(DCM_ReferencedSeriesSequence);
    const auto damaged = study_.folder() / "damaged.dcm";
    ASSERT_TRUE(file->saveFile(damaged.c_str(), EXS_LittleEndianExplicit).good());
    EXPECT_THAT(complaints_of_dcmpschk(run("dcmpschk " + damaged.string()).text),
                testing::ElementsAre(testing::HasSubstr("referenced series SQ is empty")));
}

TEST_F(Validators, FindNoErrorInTheStatesOfFramesAndOfANormalImage) {
    study_.request.profiles = {with_states()};
    study_.add_analysed(normal_result());
    study_.add_analysed(multi_label_result(true), of_many_frames);
    study_.split_into_frames(
        {{std::nullopt, multi_label_result(true), {}}, {std::nullopt, multi_label_result(false), {}}});
    expect_valid(compose(study_.request, test_equipment()));
}

TEST_F(Validators, FindNoErrorInTheReportOfANormalImage) {
    study_.add_analysed(normal_result());
    expect_valid(compose(study_.request, test_equipment()));
}

TEST_F(Validators, FindNoErrorInAReportOfSeveralFindingsCalibratedOrNot) {
    study_.add_analysed(multi_label_result(true));
    study_.add_analysed(multi_label_result(false));
    expect_valid(compose(study_.request, test_equipment()));
}

TEST_F(Validators, FindNoErrorWhereNothingWasAnalysed) {
    study_.add_not_analysed({"view", "the view is LATERAL; this model reads PA and AP"});
    expect_valid(compose(study_.request, test_equipment()));
    const auto text = run("dsrdump +Pl " + compose(study_.request, test_equipment()).results.at(0).file).text;
    EXPECT_THAT(text, testing::HasSubstr("Not analysed: the view is LATERAL; this model reads PA and AP"));
}

TEST_F(Validators, FindNoErrorInALaterVersion) {
    study_.add_analysed(pneumonia_result());
    const auto first = compose(study_.request, test_equipment()).results.at(0);
    study_.add_not_analysed({"view", "the view is LATERAL"});
    study_.request.version = 2;
    study_.request.predecessors = {
        {first.sop_class_uid, first.sop_instance_uid, first.series_instance_uid, study_.request.model_name}};
    expect_valid(compose(study_.request, test_equipment()));
}

// Each kind in each language: findings, frames, why an image was not analysed, a later version.
TEST_F(Validators, FindNoErrorInOtherLanguages) {
    for (const char* const language : {"de", "fr"})
        for (const char* const character_set : {"source", "latin1"}) {
            SCOPED_TRACE(fmt::format("{} in {}", language, character_set));
            StudyFixture study;
            study.request.profiles = every_profile();
            for (auto& profile : study.request.profiles) {
                profile.language = language;
                profile.character_set = enum_from<ResultCharacterSet>(character_set).value();
            }
            auto uncleared = multi_label_result(false);
            uncleared.model.notice.clear();
            study.add_analysed(uncleared);
            study.add_not_analysed({"view", "The view is LATERAL; this model reads PA and AP."});
            study.add_analysed(multi_label_result(true), of_many_frames);
            study.split_into_frames({{std::nullopt, multi_label_result(true), {}},
                                     {NotAnalysed{"blank", "The image is blank."}, std::nullopt, {}}});
            study.request.version = 2;
            study.request.predecessors = {
                {UID_Comprehensive3DSRStorage, "1.2.3.4", "1.2.3", study.request.model_name, 1}};
            const auto reply = compose(study.request, test_equipment());
            expect_valid(reply);
            const auto text = run("dsrdump +Pl +U8 " + reply.results.at(0).file).text;
            EXPECT_THAT(text,
                        testing::HasSubstr(translated(terms::not_analysed, words_in(language)).meaning));
            withdraw_all(study.request, reply);
            expect_valid(compose(study.request, test_equipment()));
        }
}

TEST_F(Validators, FindNoErrorInTheNoteOfAWithdrawal) {
    for (const char* reason : {"quality", "safety"}) {
        StudyFixture study;
        study.request.profiles = {with_states()};
        study.add_analysed(pneumonia_result());
        const auto made = compose(study.request, test_equipment());
        ASSERT_EQ(made.results.size(), 3U);  // report, capture, state
        withdraw_all(study.request, made, reason);
        const auto reply = compose(study.request, test_equipment());
        expect_valid(reply);
        const auto text = run("dsrdump +Pl " + reply.results.at(0).file).text;
        EXPECT_THAT(text, testing::HasSubstr("Key Object Selection Document"));
        EXPECT_THAT(text, testing::HasSubstr("wrong model"));
    }
}

TEST_F(Validators, FindNoErrorWhereTheStudyFulfilsARequest) {
    study_.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        DcmItem* request = nullptr;
        ASSERT_TRUE(header.findOrCreateSequenceItem(DCM_RequestAttributesSequence, request, -2).good());
        request->putAndInsertString(DCM_RequestedProcedureID, "RP1");
        request->putAndInsertString(DCM_ScheduledProcedureStepID, "SPS1");
        DcmItem* procedure = nullptr;
        ASSERT_TRUE(header.findOrCreateSequenceItem(DCM_ProcedureCodeSequence, procedure, -2).good());
        procedure->putAndInsertString(DCM_CodeValue, "36572-6");
        procedure->putAndInsertString(DCM_CodingSchemeDesignator, "LN");
        procedure->putAndInsertString(DCM_CodeMeaning, "XR Chest AP");
    });
    const auto reply = compose(study_.request, test_equipment());
    expect_valid(reply);
    const auto file = load_result(reply, "sr");
    EXPECT_EQ(items_of(*file->getDataset(), DCM_ReferencedRequestSequence).size(), 1u);
    EXPECT_THAT(run("dsrdump +Pl " + reply.results.at(0).file).text, testing::HasSubstr("XR Chest AP"));
}

std::filesystem::path radiographs() {
    const char* const folder = std::getenv("HILUM_RADIOGRAPHS");
    return folder != nullptr ? folder : HILUM_RADIOGRAPHS_BESIDE_THE_SOURCES;
}

TEST_F(Validators, FindNoErrorInAnyResultOfRealRadiographs) {
    if (!std::filesystem::exists(radiographs())) GTEST_SKIP() << "no radiographs in " << radiographs();
    std::map<std::string, int> judged;
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(radiographs())) {
        if (entry.path().extension() != ".dcm") continue;
        SCOPED_TRACE(entry.path().filename().string());
        ++files;
        for (const auto& result : {pneumonia_result(), normal_result()}) {
            StudyFixture study;
            study.request.profiles = every_profile();
            study.add_file(entry.path(), result);
            const auto reply = compose(study.request, test_equipment());
            expect_valid(reply);
            for (const auto& one : reply.results) ++judged[enum_string(one.kind)];
        }
    }
    EXPECT_GT(files, 0);
    EXPECT_EQ(judged["sr"], files * 2 * 6);
    EXPECT_EQ(judged["sc"], files * 2 * 2);
    EXPECT_EQ(judged["pr"], files * 2);
}

std::string read_back(const std::string& file, const char* keyword) {
    return run(fmt::format("/usr/bin/python3 {} '{}' {}", HILUM_READ_BACK_SCRIPT, file, keyword)).text;
}

class CharacterSets : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        std::string output = run(fmt::format("/usr/bin/python3 {} charsets", HILUM_READ_BACK_SCRIPT)).text;
        while (!output.empty() && output.back() == '\n') output.pop_back();
        folder_ = output;
        if (!std::filesystem::exists(folder_ / std::string("chrFren.dcm")))
            GTEST_SKIP() << "pydicom's character set files are not installed";
    }
    void expect_equal_names(const std::string& description, const std::string& character_set = "source") {
        StudyFixture study;
        auto source = load_dicom_file(folder_ / std::string(GetParam()));
        ASSERT_TRUE(source.has_value());
        study.add_analysed(pneumonia_result(), [&](DcmDataset& header) {
            for (const auto& tag : {DCM_SpecificCharacterSet, DCM_PatientName})
                (*source)->getDataset()->findAndInsertCopyOfElement(tag, &header, OFTrue);
        });
        study.request.profiles.front().sr_series_description = description;
        study.request.profiles.front().sc_series_description = description;
        study.request.profiles.front().sc_style = CaptureStyle::presentation_state;
        study.request.profiles.front().character_set = enum_from<ResultCharacterSet>(character_set).value();
        const auto reply = compose(study.request, test_equipment());
        ASSERT_EQ(reply.results.size(), 3u) << code_of(reply) << testing::PrintToString(reply.problems);
        const std::string name = read_back(study.request.images.front().file, "PatientName");
        ASSERT_FALSE(name.empty());
        for (const ComposedResult& result : reply.results) {
            EXPECT_EQ(read_back(result.file, "PatientName"), name) << enum_text(result.kind);
            EXPECT_EQ(read_back(result.file, "SeriesDescription"), description) << enum_text(result.kind);
            if (character_set == "source") continue;
            const bool fits = character_set == "latin1" && is_western();
            EXPECT_EQ(read_back(result.file, "SpecificCharacterSet"), fits ? "ISO_IR 100" : "ISO_IR 192");
        }
    }
    static bool is_western() {
        const std::string name = GetParam();
        return name == "chrFren.dcm" || name == "chrGerm.dcm";
    }
    std::filesystem::path folder_;
};

TEST_P(CharacterSets, OfTheSourceAreKept) {
    expect_equal_names("AI chest report");
}

TEST_P(CharacterSets, BecomeUtf8WhereOurOwnTextNeedsIt) {
    expect_equal_names("KI-Befund: R\xC3\xB6ntgen \xE8\x83\xB8\xE9\x83\xA8");
}

TEST_P(CharacterSets, AreThoseThatTheDestinationAsksFor) {
    for (const char* const character_set : {"utf8", "latin1"})
        expect_equal_names("KI-Befund: R\xC3\xB6ntgen", character_set);
}

INSTANTIATE_TEST_SUITE_P(Files, CharacterSets,
                         testing::Values("chrFren.dcm", "chrGerm.dcm", "chrH31.dcm", "chrH32.dcm",
                                         "chrI2.dcm", "chrRuss.dcm", "chrGreek.dcm", "chrX1.dcm",
                                         "chrX2.dcm"),
                         [](const auto& param) {
                             const std::string name = param.param;
                             return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace hilum::results::test
