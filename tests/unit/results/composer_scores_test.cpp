// The numbers beside a decision, in everything that is made of a study: none contradicts it, and none stands
// for what it does not measure.
#include <gmock/gmock.h>

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "results/capture/capture_text.h"
#include "results/report/content_item.h"
#include "results/report/report_terms.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// Sigmoid: a finding below its own high threshold, and a label of having none that is higher still.
InferenceResult no_finding_result() {
    auto result = multi_label_result(true);
    result.labels = {result.labels[0], result.labels[1]};
    result.labels[0].score = result.labels[0].probability = 0.983;
    result.labels[0].threshold = 0.99;
    result.labels[0].positive = false;
    result.labels[1].name = "Clear";
    result.labels[1].code = {};
    result.labels[1].score = result.labels[1].probability = 0.9871;
    result.labels[1].threshold = 0.999;
    result.labels[1].abnormal = false;
    result.diagnosis = "no finding";
    result.confidence = 0.017;
    return result;
}

// Of the first label, which is a finding at its threshold or is not, just below it.
InferenceResult near_threshold(double probability, double threshold) {
    auto result = multi_label_result(true);
    result.labels.resize(1);
    result.labels[0].score = result.labels[0].probability = probability;
    result.labels[0].threshold = threshold;
    result.labels[0].positive = probability >= threshold;
    if (!result.labels[0].positive) result.diagnosis = "no finding";
    return result;
}

class ToldScores : public testing::Test {
  protected:
    void compose_for(const InferenceResult& result) {
        study_.request.profiles = {with_states()};
        study_.request.profiles.front().oru = true;
        study_.request.profiles.front().hl7 = {"HILUM", "NORTH", "RIS", "HOSPITAL",
                                               "P",     "2.5.1", "P",   "utf8"};
        study_.add_analysed(result);
        reply_ = compose(study_.request, test_equipment());
        EXPECT_EQ(code_of(reply_), "");
    }
    // What lies over the capture.
    std::string state_text() {
        const auto state = load_result(reply_, "pr");
        std::string all;
        for (DcmItem* annotation : items_of(*state->getDataset(), DCM_GraphicAnnotationSequence))
            for (DcmItem* text : items_of(*annotation, DCM_TextObjectSequence))
                all += text_of(*text, DCM_UnformattedTextValue) + "\n";
        return all;
    }
    ContentItem report() { return read_content(*load_result(reply_, "sr")->getDataset()).value(); }
    std::string message() { return message_of(reply_); }

    StudyFixture study_;
    ComposeReply reply_;
};

TEST_F(ToldScores, StandForNoFindingNowhere) {
    compose_for(no_finding_result());
    EXPECT_THAT(state_text(), HasSubstr("AI diagnosis: No finding above threshold\r\n"
                                        "Pneumothorax: Probability 0.98, threshold 0.99\r\n"));
    EXPECT_THAT(state_text(), Not(HasSubstr("0.02")));
    const auto root = report();
    const auto& evaluations = *root.named("UMLS", "C0034375").at(0);
    const auto& diagnosis = *evaluations.named("99HILUM", "ai-diagnosis").at(0);
    EXPECT_EQ(diagnosis.code.value, "no-finding");
    EXPECT_THAT(diagnosis.of_type("NUM"), testing::IsEmpty());
    EXPECT_EQ(evaluations.named("SCT", "36118008").at(0)->of_type("NUM").at(0)->numeric_value, "0.9830");
    for_each_item(root, [](const ContentItem& item) { EXPECT_NE(item.numeric_value, "0.0170"); });
}

TEST_F(ToldScores, NameTheHighestOfAllWhereNoLabelIsAbnormal) {
    auto result = no_finding_result();
    EXPECT_EQ(told_label(result).name, "Pneumothorax");
    result.labels[0].abnormal = false;
    EXPECT_EQ(told_label(result).name, "Clear");
    const auto text = capture_text(result, english(), "now", "", false);
    EXPECT_EQ(text.headline, "No finding above threshold");
    EXPECT_EQ(text.score, "Clear: Probability 0.99");
    EXPECT_EQ(text.threshold, "threshold 0.999");
}

TEST_F(ToldScores, OfAFindingReachItsThresholdEverywhere) {
    compose_for(near_threshold(0.23491, 0.2345));
    EXPECT_THAT(state_text(), HasSubstr("Probability 0.235, threshold 0.2345\r\n"));
    EXPECT_THAT(state_text(), HasSubstr("Pneumothorax 0.235, reaches its threshold 0.2345"));
    EXPECT_THAT(message(), HasSubstr("|0.2349|1^no units^UCUM|<0.2345|A|"));
}

TEST_F(ToldScores, OfWhatIsNoFindingLieBelowItsThresholdEverywhere) {
    compose_for(near_threshold(0.61996, 0.62));
    EXPECT_THAT(state_text(), HasSubstr("Pneumothorax: Probability 0.61996, threshold 0.62\r\n"));
    EXPECT_THAT(state_text(), HasSubstr("Pneumothorax 0.61996, below its threshold 0.62"));
    EXPECT_THAT(message(), HasSubstr("|0.61996|1^no units^UCUM|<0.62|N|"));
    const auto root = report();
    const auto& evaluations = *root.named("UMLS", "C0034375").at(0);
    EXPECT_EQ(evaluations.named("SCT", "36118008").at(0)->of_type("NUM").at(0)->numeric_value, "0.61996");
}

TEST_F(ToldScores, StandBesideTheThresholdThatDecided) {
    compose_for(near_threshold(0.1234568, 0.12345));
    std::vector<std::string> thresholds, scores;
    for_each_item(report(), [&](const ContentItem& item) {
        if (item.text.starts_with("threshold=")) thresholds.push_back(item.text);
        if (item.value_type == "NUM" && item.unit.value == "1") scores.push_back(item.numeric_value);
    });
    EXPECT_THAT(thresholds, testing::ElementsAre("threshold=0.12345"));
    EXPECT_THAT(scores, testing::ElementsAre("0.1235", "0.1235"));
}

// It decided nothing, and the score may lie below it.
TEST_F(ToldScores, OfASoftmaxStandBesideNoThreshold) {
    auto result = pneumonia_result();
    result.labels[0].score = result.labels[0].probability = 0.25;
    result.labels[1].score = result.labels[1].probability = 0.45;
    result.labels[2].score = result.labels[2].probability = 0.30;
    compose_for(result);
    std::size_t parameters = 0;
    for_each_item(report(), [&](const ContentItem& item) {
        parameters += item.is("DCM", "111002") ? 1 : 0;
        EXPECT_THAT(item.text, Not(HasSubstr("threshold=")));
    });
    EXPECT_GT(parameters, 0U);
    EXPECT_THAT(state_text(), Not(HasSubstr("threshold")));
}

}  // namespace
}  // namespace hilum::results::test
