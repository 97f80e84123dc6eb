#include "evaluation/readers/study_figures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evaluation/readers/analysis_report.h"
#include "unit/evaluation/readers/made_study.h"

namespace hilum::readers {
namespace {

StudyFigures figures(const Study& study, const ResultsFile& file) {
    return figures_of(study, check_results(study, {file}).value());
}

TEST(FiguresOf, CountsDecisionsOfEachReaderAndModality) {
    const auto study = test::made_study(Design::crossover, 20, {"ann", "ben"});
    auto file = test::all_answers(study);
    int missed = 0;
    for (auto& answer : file.answers)
        if (answer.reader == "ben" && answer.modality == Modality::unaided && *answer.decisions[0] &&
            missed < 4) {
            answer.decisions = {false};
            answer.confidence = {20};
            ++missed;
        }
    const auto found = figures(study, file).findings.front();
    ASSERT_EQ(found.readers.size(), 4U);
    EXPECT_EQ(found.readers[1].reader, "ben");
    EXPECT_EQ(found.readers[1].counts.false_negative, 4);
    EXPECT_DOUBLE_EQ(found.readers[1].sensitivity->value, 0.6);
    EXPECT_DOUBLE_EQ(found.readers[3].sensitivity->value, 1);
    EXPECT_DOUBLE_EQ(found.sensitivity.result->values[0][1], 0.6);
    EXPECT_DOUBLE_EQ(found.agreement[1].fleiss->value, 1);
    EXPECT_LT(found.agreement[0].fleiss->value, 1);
    EXPECT_EQ(found.crossed, 20U);
}

TEST(FiguresOf, ComparesTheCasesThatAllReadersAnswered) {
    const auto study = test::made_study(Design::crossover, 20, {"ann", "ben", "cy"});
    auto file = test::all_answers(study);
    file.answers.front().unreadable = true;
    std::erase_if(file.answers, [](const Answer& answer) { return answer.reader == "cy"; });
    const auto found = figures(study, file).findings.front();
    EXPECT_EQ(found.compared, (std::vector<std::string>{"ann", "ben"}));
    EXPECT_EQ(found.crossed, 19U);
    EXPECT_EQ(found.readers.front().unreadable + found.readers[3].unreadable, 1U);
}

TEST(FiguresOf, SaysWhyNothingIsCompared) {
    const auto study = test::made_study(Design::crossover, 20, {"ann"});
    auto file = test::all_answers(study);
    std::erase_if(file.answers, [](const Answer& answer) { return answer.modality == Modality::aided; });
    const auto found = figures(study, file);
    EXPECT_FALSE(found.findings.front().area.result);
    EXPECT_EQ(
        comparison_words(found.findings.front().area, "Pneumonia"),
        "The area under the curve for Pneumonia cannot be compared: no reader answered in every modality.");
}

TEST(FiguresOf, ComparesTimesByTheirLogarithms) {
    const auto study = test::made_study(Design::crossover, 20, {"ann", "ben", "cy"});
    auto file = test::all_answers(study);
    int step = 0;
    for (auto& answer : file.answers) {
        const double noise = 1 + 0.1 * (step++ % 7);
        answer.seconds = (answer.modality == Modality::aided ? 10 : 20) * noise;
    }
    const auto found = figures(study, file);
    const auto& time = found.time;
    EXPECT_EQ(time.readers.front().pairs, 20U);
    EXPECT_NEAR(time.readers.front().ratio->value, 0.5, 0.06);
    EXPECT_LT(time.readers.front().ratio->interval.high, 0.6);
    ASSERT_TRUE(time.comparison.result->random_readers);
    EXPECT_NEAR(std::exp(time.comparison.result->random_readers->difference.value), 0.5, 0.05);
    EXPECT_NEAR(time.medians[0].value(), 26, 1e-9);
}

TEST(AnalysisPage, SaysWhatWasFoundAndWhatWasLeftOut) {
    auto study = test::made_study(Design::crossover, 20, {"ann", "<ben>"});
    auto file = test::all_answers(study);
    file.answers.front().confidence = {500};
    auto checked = check_results(study, {file}).value();
    auto found = figures_of(study, checked);
    const auto page = analysis_page({study, checked, found, "2026-11-28", "hilum"});
    EXPECT_NE(page.find("out_of_range"), std::string::npos);
    EXPECT_NE(page.find("&lt;ben&gt;"), std::string::npos);
    EXPECT_EQ(page.find("<ben>"), std::string::npos);
    EXPECT_EQ(page.find("nan"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
}

TEST(MeanCurve, IsTheMeanOfSensitivitiesAtEachSpecificity) {
    const std::vector<statistics::RocPoint> perfect{{0, 0, 1}, {0, 1, 1}, {0, 1, 0}},
        chance{{0, 0, 1}, {0, 1, 0}};
    const auto mean = mean_curve({perfect, chance});
    EXPECT_DOUBLE_EQ(mean[1].sensitivity, 0.5);
    const auto half = std::ranges::find_if(
        mean, [](const auto& point) { return std::abs(point.specificity - 0.5) < 1e-9; });
    EXPECT_NEAR(half->sensitivity, 0.75, 1e-12);
    EXPECT_DOUBLE_EQ(mean.back().sensitivity, 1);
    EXPECT_TRUE(mean_curve({}).empty());
}

}  // namespace
}  // namespace hilum::readers
