#include "evaluation/readers/results_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/evaluation/readers/made_study.h"

namespace hilum::readers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckResults : public testing::Test {
  protected:
    std::vector<std::string> codes() {
        checked = check_results(study, {file}).value();
        std::vector<std::string> codes;
        for (const auto& remark : checked.remarks) codes.push_back(remark.code);
        return codes;
    }
    // Another answer to the first one's case, in a file of its own.
    ResultsFile again(const char* name, double confidence, double seconds, const char* answered_at) const {
        ResultsFile other{name, study.id, {first}};
        auto& answer = other.answers.front();
        answer.file = name;
        answer.line = 1;
        answer.confidence = {confidence};
        answer.decisions = {confidence > 50};
        answer.seconds = seconds;
        answer.answered_at = answered_at;
        return other;
    }
    const Answer& counted() const {
        return *std::ranges::find_if(checked.answers, [&](const Answer& answer) {
            const auto& one = file.answers.front();
            return answer.reader == one.reader && answer.session == 1 && answer.case_id == one.case_id;
        });
    }
    Study study = test::made_study(Design::crossover, 8, {"ann", "ben"});
    ResultsFile file = test::all_answers(study);
    Answer& first = file.answers.front();
    CheckedResults checked;
};

TEST_F(CheckResults, HasNothingToSayOfAWholeStudy) {
    EXPECT_THAT(codes(), IsEmpty());
    EXPECT_EQ(checked.answers.size(), 32U);
}

TEST_F(CheckResults, TellsWhatIsMissing) {
    file.answers.erase(file.answers.begin(), file.answers.begin() + 3);
    EXPECT_THAT(codes(), ElementsAre("missing"));
    EXPECT_THAT(checked.remarks.front().words, HasSubstr("ann, session 1: 3 of 8 answers are missing"));
    file.answers.erase(file.answers.begin(), file.answers.begin() + 5);
    EXPECT_THAT(codes(), ElementsAre("missing"));
    EXPECT_THAT(checked.remarks.front().words, HasSubstr("no answers at all"));
}

TEST_F(CheckResults, LeavesOutWhatTheStudyDidNotAskFor) {
    first.reader = "zoe";
    EXPECT_THAT(codes(), ElementsAre("unknown_reader", "missing"));
    first.reader = "ann";
    first.case_id = "AAAAA";
    EXPECT_THAT(codes(), ElementsAre("unknown_case", "missing"));
    first = test::all_answers(study).answers.front();
    first.modality = first.modality == Modality::aided ? Modality::unaided : Modality::aided;
    EXPECT_THAT(codes(), ElementsAre("not_asked", "missing"));
    EXPECT_EQ(checked.answers.size(), 31U);
    EXPECT_TRUE(checked.remarks.front().excluded);
}

TEST_F(CheckResults, LeavesOutAnswersThatAreNotWhole) {
    first.confidence = {std::nullopt};
    EXPECT_THAT(codes(), ElementsAre("incomplete", "missing"));
    first.confidence = {101};
    EXPECT_THAT(codes(), ElementsAre("out_of_range", "missing"));
    first.confidence = {-1};
    EXPECT_THAT(codes(), ElementsAre("out_of_range", "missing"));
    first.unreadable = true;
    EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(CheckResults, CountsTheSameAnswerInTwoFilesOnce) {
    file.answers.push_back(first);
    EXPECT_THAT(codes(), ElementsAre("repeated"));
    EXPECT_EQ(checked.answers.size(), 32U);
}

TEST_F(CheckResults, RefusesTwoAnswersWhereAnAnswerIsFinal) {
    const auto other = again("other.json", 99, 12, "2026-01-04T10:00:00.000Z");
    const auto refused = check_results(study, {file, other});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "answered_twice");
    EXPECT_THAT(refused.error().message,
                HasSubstr("an answer is final. Leave out the file, or the line, that does not count:\n  "
                          "reader ann, session 1, case " +
                          first.case_id));
    EXPECT_THAT(refused.error().message, HasSubstr("results.csv, line 2; other.json, answer 1"));
}

TEST_F(CheckResults, CountsTheLastAnswerWhereReadersMayGoBack) {
    study.may_go_back = true;
    first.answered_at = "2026-01-05T10:00:00.000Z";
    const auto later = again("later.json", 99, 30, "2026-01-05T10:20:00.000Z");
    const auto between = again("between.json", 60, 20, "2026-01-05T10:10:00.000Z");
    for (const auto& files :
         {std::vector{file, between, later, between}, std::vector{later, between, file}}) {
        checked = check_results(study, files).value();
        EXPECT_EQ(checked.answers.size(), 32U);
        EXPECT_EQ(counted().confidence, std::vector<std::optional<double>>{99});
        EXPECT_EQ(counted().seconds, 30);  // the page went on counting
        ASSERT_GE(checked.remarks.size(), 2U);
        for (std::size_t i : {0U, 1U}) {
            EXPECT_EQ(checked.remarks[i].code, "taken_back");
            EXPECT_TRUE(checked.remarks[i].excluded);
        }
        EXPECT_THAT(checked.remarks[0].words, HasSubstr("answered anew later (between.json, answer 1)"));
    }
}

TEST_F(CheckResults, AddsTheTimeOfAnAnswerThatBeganAnew) {
    study.may_go_back = true;
    first.answered_at = "2026-01-05T10:00:00.000Z";
    const auto later = again("later.json", 99, 5, "2026-01-05T10:20:00.000Z");
    const auto last = again("last.json", 98, 20, "2026-01-05T10:40:00.000Z");
    checked = check_results(study, {last, file, later}).value();
    EXPECT_EQ(counted().seconds, 20);  // 12, and 5 anew, on which the page went on
    checked = check_results(study, {later, file}).value();
    EXPECT_EQ(counted().seconds, 17);
}

TEST_F(CheckResults, TakesTheSameAnswerAtALaterTimeForTheLast) {
    study.may_go_back = true;
    first.answered_at = "2026-01-05T10:00:00.000Z";
    const auto later = again("later.json", *first.confidence[0], 30, "2026-01-05T10:20:00.000Z");
    checked = check_results(study, {later, file}).value();
    EXPECT_EQ(counted().seconds, 30);
}

TEST_F(CheckResults, RefusesToGuessWhichAnswerIsTheLast) {
    study.may_go_back = true;
    const auto refused = check_results(study, {file, again("other.csv", 99, 12, "05.01.2026 10:20")});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("which answer is the last cannot be told"));
    auto same_file = first;  // of two lines the lower one
    same_file.line = 100;
    same_file.confidence = {99};
    same_file.decisions = {true};
    same_file.answered_at = "";
    file.answers.push_back(same_file);
    EXPECT_THAT(codes(), ElementsAre("taken_back"));
    EXPECT_EQ(counted().confidence, same_file.confidence);
}

TEST_F(CheckResults, DoesNotBelieveEveryTime) {
    first.seconds = 0.2;
    file.answers.back().seconds = 40'000;
    EXPECT_THAT(codes(), ElementsAre("absurd_time", "absurd_time"));
    EXPECT_EQ(checked.answers.size(), 32U);
    EXPECT_EQ(std::ranges::count_if(checked.answers, [](const auto& one) { return !one.seconds; }), 2);
}

TEST_F(CheckResults, TellsOfADecisionAgainstTheConfidence) {
    first.decisions = {!*first.decisions[0]};
    EXPECT_THAT(codes(), ElementsAre("contradiction"));
    EXPECT_EQ(checked.answers.size(), 32U);
}

TEST_F(CheckResults, TellsOfAWashoutThatWasTooShort) {
    for (auto& answer : file.answers)
        if (answer.reader == "ben" && answer.session == 2) answer.answered_at = "2026-01-12T10:00:00Z";
    EXPECT_THAT(codes(), ElementsAre("washout"));
    EXPECT_THAT(checked.remarks.front().words,
                HasSubstr("ben: 8 of 8 cases came again too early, after 7 days"));
}

TEST_F(CheckResults, LeavesOutTheFileOfAnotherStudy) {
    file.study = "feedfeedfeedfeed";
    EXPECT_THAT(codes(), ElementsAre("other_study", "missing", "missing", "missing", "missing"));
    EXPECT_TRUE(checked.answers.empty());
}

}  // namespace
}  // namespace hilum::readers
