#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <set>

#include "base/digest.h"
#include "dicom/dataset_reading.h"
#include "results/composer.h"
#include "results/report/content_item.h"
#include "results/words.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// The sets that the results of each profile and, withdrawn, the notes on them are written in.
std::set<std::string> sets_of(const ComposeReply& reply) {
    std::set<std::string> sets;
    for (const auto& result : reply.results) {
        const auto file = load_dicom_file(result.file);
        if (!file) continue;
        DcmDataset& dataset = *(*file)->getDataset();
        sets.insert(text_of(dataset, DCM_SpecificCharacterSet));
        EXPECT_EQ(text_of(dataset, DCM_PatientName), "Müller^Grace") << enum_text(result.kind);
    }
    return sets;
}

TEST(Composer, WritesEveryKindInTheSetThatTheDestinationAsksFor) {
    const auto named = [](DcmDataset& header) {
        header.putAndInsertString(DCM_SpecificCharacterSet, "ISO 2022 IR 6\\ISO 2022 IR 100");
        header.putAndInsertString(DCM_PatientName, "M\x1B-A\xFCller^Grace");
    };
    const std::map<std::string, std::string> expected{
        {"source", "ISO 2022 IR 6\\ISO 2022 IR 100"}, {"utf8", "ISO_IR 192"}, {"latin1", "ISO_IR 100"}};
    std::set<std::string> uids;
    for (const auto& [character_set, in_file] : expected) {
        StudyFixture study;
        study.add_analysed(pneumonia_result(), named);
        study.request.profiles = {with_states()};
        study.request.profiles.front().character_set = enum_from<ResultCharacterSet>(character_set).value();
        const auto made = compose(study.request, test_equipment());
        ASSERT_THAT(kinds(made), testing::ElementsAre("sr", "sc", "pr"));
        EXPECT_THAT(sets_of(made), testing::ElementsAre(in_file));
        const auto profiles = study.request.profiles;
        withdraw_all(study.request, made);
        study.request.withdrawal.note = "";
        study.request.profiles = profiles;
        const auto withdrawn = compose(study.request, test_equipment());
        ASSERT_THAT(kinds(withdrawn), testing::ElementsAre("ko"));
        EXPECT_THAT(sets_of(withdrawn), testing::ElementsAre(in_file));
        for (const auto* const reply : {&made, &withdrawn})
            for (const auto& result : reply->results) uids.insert(result.sop_instance_uid);
    }
    EXPECT_EQ(uids.size(), 3u * 4u) << "what is written in another set is another instance";
}

struct Spelling {
    const char *written, *bytes;  // of the source; null: it declares none
    const char *declared, *kept;  // of all results
};

TEST(Composer, DeclaresTheTermThatASourceMeansAndKeepsToIt) {
    const Spelling spellings[] = {
        {"ISO IR 192", "Müller^Grace", "ISO_IR 192", "Müller^Grace"},
        {"UTF-8", "Okafor^Grace", "ISO_IR 192", "Okafor^Grace"},
        {"ISO8859-1", "M\xFCller^Grace", "ISO_IR 100", "M\xFCller^Grace"},
        {"ISO_IR 144", "\xB8\xD2\xD0\xDD\xDE\xD2", "ISO_IR 144", "\xB8\xD2\xD0\xDD\xDE\xD2"},
        {nullptr, "\xC8\xE2\xE0\xED\xEE\xE2^\xC8", "ISO_IR 100",
         "\xC8\xE2\xE0\xED\xEE\xE2^\xC8"},                                // Windows-1251
        {nullptr, "\x8A\xE9^Grace", "ISO_IR 192", "Šé^Grace"},            // no Latin-1: read as Windows-1252
        {"ISO_IR 192", "M\xFCller^Grace", "ISO_IR 192", "Müller^Grace"},  // declared, but not so
        {"ISO_IR 100", "Müller^Grace", "ISO_IR 192", "Müller^Grace"},     // UTF-8 all the same
        {"ISO_IR 144", "Иванов", "ISO_IR 192", "Иванов"},
        {"GB18030", "王小东", "ISO_IR 192", "王小东"},
        {"KLINGON", "Okafor^Grace", "ISO_IR 192", "Okafor^Grace"},
        {"ISO_IR 13\\ISO_IR 87", "\xD4=\033$B;3\033(J", "ISO 2022 IR 13\\ISO 2022 IR 87",
         "\xD4=\033$B;3\033(J"},
    };
    for (const auto& one : spellings) {
        StudyFixture study;
        study.add_analysed(pneumonia_result(), [&](DcmDataset& header) {
            if (one.written != nullptr) header.putAndInsertString(DCM_SpecificCharacterSet, one.written);
            header.putAndInsertString(DCM_PatientName, one.bytes);
        });
        study.request.profiles = {with_states()};
        const auto reply = compose(study.request, test_equipment());
        ASSERT_THAT(kinds(reply), testing::ElementsAre("sr", "sc", "pr")) << code_of(reply);
        for (const auto& result : reply.results) {
            const auto file = load_dicom_file(result.file);
            OFString set, name;
            (*file)->getDataset()->findAndGetOFStringArray(DCM_SpecificCharacterSet, set);
            (*file)->getDataset()->findAndGetOFStringArray(DCM_PatientName, name);
            EXPECT_STREQ(set.c_str(), one.declared) << one.bytes;
            EXPECT_STREQ(name.c_str(), one.kept) << one.declared;
        }
    }
}

TEST(Composer, MakesEveryKindInTheLanguageOfTheDestination) {
    std::set<std::string> uids;
    for (const char* const language : {"de", "fr"})
        for (const char* const character_set : {"source", "latin1"}) {
            StudyFixture study;
            study.add_analysed(pneumonia_result());
            study.request.profiles = {with_states()};
            study.request.profiles.front().language = language;
            study.request.profiles.front().character_set =
                enum_from<ResultCharacterSet>(character_set).value();
            const auto made = compose(study.request, test_equipment());
            ASSERT_THAT(kinds(made), testing::ElementsAre("sr", "sc", "pr")) << code_of(made);
            for (const auto& result : made.results) {
                uids.insert(result.sop_instance_uid);
                const auto file = load_dicom_file(result.file);
                EXPECT_EQ(text_of(*(*file)->getDataset(), DCM_SpecificCharacterSet),
                          std::string(character_set) == "latin1" ? "ISO_IR 100" : "ISO_IR 192");
            }
            const auto state = load_result(made, "pr");
            EXPECT_THAT(text_of(*state->getDataset(), DCM_ContentDescription),
                        testing::StartsWith(words_in(language).ai_result));
            const auto profiles = study.request.profiles;
            withdraw_all(study.request, made);
            study.request.withdrawal.note = "Wrong model.";
            study.request.profiles = profiles;
            const auto note = load_result(compose(study.request, test_equipment()), "ko");
            const auto content = read_content(*note->getDataset());
            EXPECT_EQ(content->children.at(0).text,
                      filled(words_in(language).withdrawn, study.request.model_name) + " Wrong model.");
            EXPECT_EQ(text_of(*note->getDataset(), DCM_SeriesDescription),
                      words_in(language).withdrawn_series);
        }
    EXPECT_EQ(uids.size(), 2u * 2u * 3u);
}

TEST(Composer, KeepsInUtf8WhatLatin1WouldLose) {
    StudyFixture study;
    study.add_analysed(pneumonia_result(), [](DcmDataset& header) {
        header.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
        header.putAndInsertString(DCM_PatientName, "Müller^Grace");
        header.putAndInsertString(DCM_ReferringPhysicianName, "Wałęsa");
    });
    study.request.profiles = {with_states()};
    study.request.profiles.front().character_set = ResultCharacterSet::latin1;
    const auto reply = compose(study.request, test_equipment());
    EXPECT_THAT(sets_of(reply), testing::ElementsAre("ISO_IR 192"));
    EXPECT_EQ(text_of(*load_result(reply, "sr")->getDataset(), DCM_ReferringPhysicianName), "Wałęsa");
}

TEST(Composer, MakesOneResultForTwoProfilesThatWantTheSame) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    auto other = test_profile();
    other.destinations = {"archive"};
    other.sc_long_side = 320;
    study.request.profiles.push_back(other);
    const auto reply = compose(study.request, test_equipment());
    ASSERT_THAT(kinds(reply), testing::ElementsAre("sr", "sc", "sc"));
    EXPECT_THAT(reply.results.front().destinations, testing::ElementsAre("pacs", "archive"));
}

TEST(Composer, MakesAGreyCaptureAndItsStateForADestinationThatWantsThem) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    auto states = with_states();
    states.destinations = {"reading room"};
    study.request.profiles.push_back(states);
    const auto reply = compose(study.request, test_equipment());
    ASSERT_THAT(kinds(reply), testing::ElementsAre("sr", "sc", "sc", "pr"));
    EXPECT_NE(reply.results[1].sop_instance_uid, reply.results[2].sop_instance_uid);
    EXPECT_NE(reply.results[1].series_instance_uid, reply.results[2].series_instance_uid);
    EXPECT_THAT(reply.results[1].destinations, testing::ElementsAre("pacs"));
    EXPECT_THAT(reply.results[2].destinations, testing::ElementsAre("reading room"));
    EXPECT_THAT(reply.results[3].destinations, testing::ElementsAre("reading room"));
}

TEST(Composer, MakesTheSameStateAgainAndLeavesOneThatIsThere) {
    StudyFixture study;
    study.add_analysed(pneumonia_result());
    study.request.profiles = {with_states()};
    const auto first = compose(study.request, test_equipment());
    ASSERT_THAT(kinds(first), testing::ElementsAre("sr", "sc", "pr"));
    const auto bytes = bytes_of(first.results[2].file);
    std::filesystem::remove(first.results[2].file);
    EXPECT_TRUE(bytes_of(compose(study.request, test_equipment()).results.at(2).file) == bytes);
    study.request.known_results = known(first, true);
    study.request.images.front().outcome.result->confidence = 0.91;
    study.request.images.front().outcome.result->started_at += 1'000'000;
    EXPECT_EQ(compose(study.request, test_equipment()).results.at(2).sha256, sha256_hex(bytes));
}

// Without its regions it would be so for good.
TEST(Composer, AReportWaitsForMapsThatCannotBeReadNow) {
    StudyFixture study;
    study.request.profiles.front().sr_activation_region = true;
    const std::filesystem::path artifact = study.add_analysed(pneumonia_result()).artifact;
    const auto aside = artifact.string() + ".aside";
    std::filesystem::rename(artifact, aside);
    ASSERT_EQ(::mknod(artifact.c_str(), S_IFSOCK | 0600, 0), 0);  // opens as a device that is not there
    const auto reply = compose(study.request, test_equipment());
    ASSERT_TRUE(reply.error);
    EXPECT_EQ(reply.error->retry, Retry::once_mended) << reply.error->message;
    EXPECT_FALSE(reply.analyse_again);
    EXPECT_THAT(kinds(reply), testing::Not(testing::Contains("sr")));
    std::filesystem::rename(aside, artifact);
    EXPECT_THAT(kinds(compose(study.request, test_equipment())), testing::Contains("sr"));
}

TEST(Composer, MakesNoStateWhereThereIsNoCapture) {
    StudyFixture study;
    study.add_analysed(normal_result());
    std::ofstream(study.add_analysed(pneumonia_result()).artifact, std::ios::trunc) << "HILUMART1";
    study.request.profiles = {with_states()};
    EXPECT_THAT(kinds(compose(study.request, test_equipment())), testing::ElementsAre("sr", "sc", "pr"));
    study.request.profiles.front().sc_when = CaptureWhen::positive;
    const auto reply = compose(study.request, test_equipment());
    EXPECT_EQ(code_of(reply), "artifact_damaged");
    EXPECT_THAT(kinds(reply), testing::ElementsAre("sr"));
}

}  // namespace
}  // namespace hilum::results::test
