#include "evaluation/report/evaluation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/evaluation/figures/made_set.h"

namespace hilum::evaluation {
namespace {

using testing::HasSubstr;

EvaluatedSet evaluated(ScoredSet set) {
    auto figures = measure(set, {.bootstrap_rounds = 200}).value();
    auto groups = subgroups_of(set);
    return {std::move(set), std::move(figures), std::move(groups)};
}

EvaluationReport report_on(ScoredSet set) {
    return {evaluated(std::move(set)),
            {},
            {},
            {.prevalence = 0.1, .bootstrap_rounds = 200},
            "2026-11-28",
            "hilum 0.1.0"};
}

TEST(EvaluationPage, SaysWhatWasMeasured) {
    auto report = report_on(made_set(300, 1));
    const auto other = made_set(300, 1, 1);
    report.comparison = {other, compare_models(report.set.scored, other).value()};
    const auto elsewhere = made_set(60, 2, 0.3, "elsewhere");
    report.external = {evaluated(elsewhere), compare_sets(report.set.scored, elsewhere).value()};
    const auto page = evaluation_page(report);
    for (const char* words : {"300 images of 150 patients", "Pneumonia", "Confusion matrix",
                              "The model is worse there", "TRIPOD+AI 23a", "sex: F", "age: 40 to 64"})
        EXPECT_NE(page.find(words), std::string::npos) << words;
    EXPECT_EQ(page.find("No external validation"), std::string::npos);
    // Nothing from elsewhere, nothing that runs. Not EXPECT_THAT: the page is long.
    for (const char* words : {"nan", "<script", "http:", "https:", "src="})
        EXPECT_EQ(page.find(words), std::string::npos) << words;
}

// One label that hardly any image shows takes no figure of the others away.
TEST(EvaluationPage, ALabelThatCannotBeComparedIsToldWithItsReason) {
    auto report = report_on(made_set(90, 1));
    const auto other = made_set(90, 1, 1);
    report.comparison = {other, compare_models(report.set.scored, other).value()};
    auto& rare = report.comparison->labels[0];
    rare.area.reset();
    rare.why_not = "made up has 1 images with it";
    rare.words = "The area under the curve cannot be compared: made up has 1 images with it.";
    const auto page = evaluation_page(report);
    EXPECT_NE(page.find(rare.words), std::string::npos);
    EXPECT_NE(page.find("too few images"), std::string::npos);
}

TEST(EvaluationPage, SaysAsWhichNodeImagesWereRead) {
    auto set = made_set(90, 1);
    EXPECT_NE(evaluation_page(report_on(set)).find("default settings"), std::string::npos);
    set.node_configuration = "/etc/hilum/hilum.yaml";
    set.site_thresholds = {{"Pneumonia", 0.62}};
    const auto page = evaluation_page(report_on(set));
    EXPECT_NE(page.find("limits of /etc/hilum/hilum.yaml"), std::string::npos);
    EXPECT_NE(page.find("Pneumonia 0.62"), std::string::npos);
}

TEST(EvaluationPage, WarnsOfFewCasesOfMissingOnesAndOfNoExternalValidation) {
    EXPECT_THAT(evaluation_page(report_on(made_set(45, 1))), HasSubstr("only 15 images with it"));
    auto one_sided = made_set(45, 1);
    std::erase_if(one_sided.cases, [](const ScoredCase& one) { return one.truth[1]; });
    const auto page = evaluation_page(report_on(one_sided));
    EXPECT_THAT(page, HasSubstr("the set has no image with it"));
    EXPECT_THAT(page, HasSubstr("No external validation"));
}

}  // namespace
}  // namespace hilum::evaluation
