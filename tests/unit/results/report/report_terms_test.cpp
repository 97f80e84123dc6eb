#include "results/report/report_terms.h"

#include <gmock/gmock.h>

#include <sstream>

#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// Of a package with a calibration that names no data set.
InferenceResult negative_by_its_calibration() {
    InferenceResult result = multi_label_result(false);
    LabelResult& label = result.labels[0];
    label.score = 0.70;
    label.probability = 0.604;
    label.threshold = 0.62;
    label.positive = false;
    return result;
}

TEST(ReportTerms, TellTheNumberThatDecided) {
    StudyFixture study;
    study.add_analysed(negative_by_its_calibration());
    const auto report = load_result(compose(study.request, test_equipment()), "sr");
    std::ostringstream text;
    report->getDataset()->print(text);
    EXPECT_THAT(text.str(), testing::HasSubstr("DS [0.604"));
    EXPECT_THAT(text.str(), testing::Not(testing::HasSubstr("DS [0.7")));
}

TEST(ReportTerms, CallItAProbabilityOnlyWhereItWasCalibratedOnAnywhere) {
    EXPECT_EQ(score_concept(negative_by_its_calibration(), english()), terms::model_score);
    EXPECT_EQ(score_concept(multi_label_result(true), english()), terms::probability);
}

TEST(ReportTerms, TellTheDiagnosisByTheSameNumber) {
    auto result = multi_label_result(false);
    result.labels[0].score = 0.95;
    EXPECT_EQ(told_label(result).name, "Pneumothorax");
    EXPECT_EQ(shown_score(result, told_label(result), english()).score, "0.81");
    EXPECT_EQ(score_number_of(told_label(result)).score, "0.8100");
}

// In one coding scheme a value has one meaning.
TEST(ReportTerms, OfOurOwnAreGivenToNoLabel) {
    for (const Code& term :
         {terms::ai_diagnosis, terms::model_score, terms::notice, terms::report_version, terms::not_analysed,
          terms::not_analysed_reason, terms::activation_region, terms::frame, terms::no_finding})
        EXPECT_TRUE(is_own_term(term.value)) << term.value;
    for (const auto& [reason, said] : words_in("de").reasons)
        EXPECT_TRUE(is_own_term(code_of(NotAnalysed{reason, ""}, english()).value)) << reason;
    LabelResult label;
    label.name = "No Finding";
    EXPECT_NE(results::code_of(label).value, terms::no_finding.value);
    EXPECT_EQ(results::code_of(label).scheme, own_coding_scheme);
    EXPECT_EQ(results::code_of(label).meaning, "No Finding");
}

}  // namespace
}  // namespace hilum::results::test
