#include "evaluation/readers/results_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"
#include "unit/evaluation/readers/made_study.h"

namespace hilum::readers {
namespace {

using testing::HasSubstr;

class ReadResults : public testing::Test {
  protected:
    Result<ResultsFile> read(const std::string& text, const char* name = "results.csv") {
        std::ofstream(folder / name, std::ios::binary) << text;
        return read_results(folder / name, study);
    }
    std::string csv(const std::string& line) {
        return "study,reader,session,case,modality,confidence: Pneumonia,decision: "
               "Pneumonia,unreadable,seconds,"
               "answered_at\r\n0123456789abcdef,ann,1,K7Q2M,aided," +
               line + "\r\n";
    }
    hilum::test::TemporaryFolder folder;
    const Study study = test::made_study(Design::crossover, 8, {"ann", "ben"});
};

TEST_F(ReadResults, TakesTheWorksheetThatWasFilledIn) {
    const auto empty = read("\xEF\xBB\xBF" + worksheet_csv(study, study.sessions.front())).value();
    EXPECT_EQ(empty.study, study.id);
    EXPECT_TRUE(empty.answers.empty());
    const auto results = read(csv("72.5,present,no,31.2,2026-11-28T19:06:52.517Z")).value();
    ASSERT_EQ(results.answers.size(), 1U);
    const auto& answer = results.answers.front();
    EXPECT_EQ(answer.reader, "ann");
    EXPECT_EQ(answer.modality, Modality::aided);
    EXPECT_EQ(answer.confidence.front(), 72.5);
    EXPECT_EQ(answer.decisions.front(), true);
    EXPECT_EQ(answer.seconds, 31.2);
    EXPECT_EQ(answer.line, 2U);
    EXPECT_EQ(read(csv("\"7,5\",absent,,,")).value().answers.front().confidence.front(), 7.5);
    EXPECT_TRUE(read(csv(",,yes,,")).value().answers.front().unreadable);
}

TEST_F(ReadResults, TakesWhatThePageSaves) {
    const auto results =
        read(R"({"format": "hilum reader study results", "version": 1, "study": "0123456789abcdef",
        "reader": "ben", "session": 2, "answers": [{"case": "K7Q2M", "modality": "unaided", "unreadable": false,
        "seconds": 4.5, "answered_at": "2026-11-28T19:06:52.517Z",
        "findings": {"Pneumonia": {"confidence": 3, "decision": "absent"}}}]})",
             "results.json")
            .value();
    ASSERT_EQ(results.answers.size(), 1U);
    EXPECT_EQ(results.answers.front().session, 2);
    EXPECT_EQ(results.answers.front().decisions.front(), false);
    EXPECT_EQ(results.answers.front().confidence.front(), 3);
}

TEST_F(ReadResults, SaysWhereWhatCannotBeRead) {
    const auto refused = [&](const std::string& text, const char* words) {
        const auto results = read(text);
        ASSERT_FALSE(results);
        EXPECT_THAT(results.error().message, HasSubstr(words));
        EXPECT_THAT(results.error().message, HasSubstr("results.csv"));
    };
    refused(csv("many,present,no,,"), "line 2, column 'confidence: Pneumonia': 'many' is no number");
    refused(csv("nan,present,no,,"), "is no number");
    refused(csv("7,maybe,no,,"), "neither present nor absent");
    refused(csv("7,present,perhaps,,"), "neither yes nor no");
    refused("file,label\r\na,b\r\n", "holds no results of a reader study");
    refused("study;reader;session;case;modality\r\n", "semicolons");
    refused("{\"format\": \"another\", \"version\": 1}", "no results of a reader study");
    refused(
        R"({"format": "hilum reader study results", "version": 1, "study": "0123456789abcdef", "reader": "ben",
        "session": 2, "answers": [{"case": "K7Q2M", "modality": "unaided", "unreadable": false, "seconds": null,
        "answered_at": "", "findings": {"Pneumonia": {"confidence": 3, "decision": "perhaps"}}}]})",
        "answer 1: ");
    refused("{\"format\": ", "parse error");
    refused("", "");
    refused(csv("7,present,no,,") + "another,ben,1,K7Q2M,aided,,,,,\r\n", "another study's");
    EXPECT_EQ(read_results(folder / "nothing.csv", study).error().code, "unreadable");
}

}  // namespace
}  // namespace hilum::readers
