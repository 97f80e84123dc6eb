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
        checked = check_results(study, {file});
        std::vector<std::string> codes;
        for (const auto& remark : checked.remarks) codes.push_back(remark.code);
        return codes;
    }
    const Study study = test::made_study(Design::crossover, 8, {"ann", "ben"});
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

TEST_F(CheckResults, CountsTheEarlierOfTwoAnswers) {
    const auto original = first;
    auto again = original;
    file.answers.push_back(again);
    EXPECT_THAT(codes(), ElementsAre("repeated"));
    again.confidence = {again.decisions[0].value() ? 99 : 1};
    again.answered_at = "2026-01-04T10:00:00Z";
    file.answers.back() = again;
    EXPECT_THAT(codes(), ElementsAre("answered_twice"));
    EXPECT_EQ(checked.answers.size(), 32U);
    const auto kept = std::ranges::find_if(checked.answers, [&](const Answer& answer) {
        return answer.reader == original.reader && answer.session == 1 && answer.case_id == original.case_id;
    });
    EXPECT_EQ(kept->confidence, again.confidence);
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
