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
    EXPECT_EQ(diagnosis_score(result), 0.81);
}

}  // namespace
}  // namespace hilum::results::test
