#include "contract/triage.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

LabelResult label(const std::string& name, double probability, bool positive) {
    LabelResult result;
    result.name = name;
    result.probability = probability;
    result.positive = positive;
    return result;
}

TEST(Triage, AFindingIsUrgentWhenItIsPositiveOrFromAProbabilityOn) {
    EXPECT_TRUE(is_urgent(label("Pneumonia", 0.6, true), {{"Pneumonia", 0}}));
    EXPECT_FALSE(is_urgent(label("Pneumonia", 0.99, false), {{"Pneumonia", 0}}));
    EXPECT_TRUE(is_urgent(label("Pneumonia", 0.9, false), {{"Pneumonia", 0.9}}));
    EXPECT_FALSE(is_urgent(label("Pneumonia", 0.89, true), {{"Pneumonia", 0.9}}));
    EXPECT_FALSE(is_urgent(label("Pneumonia", 0.99, true), {{"Effusion", 0}}));
    EXPECT_FALSE(is_urgent(label("Pneumonia", 0.99, true), {}));
}

TEST(Triage, OneUrgentFindingIsEnough) {
    InferenceResult result;
    result.labels = {label("Normal", 0.1, false), label("Pneumothorax", 0.7, true)};
    EXPECT_TRUE(is_urgent(result, {{"Pneumonia", 0}, {"Pneumothorax", 0}}));
    EXPECT_FALSE(is_urgent(result, {{"Pneumonia", 0}}));
}

TEST(Triage, AResultWithoutDecisionIsUrgentWhereARuleSaysSo) {
    InferenceResult result;
    result.labels = {label("Normal", 0.5, false), label("Pneumothorax", 0.45, false)};
    result.diagnosis = "indeterminate";
    result.indeterminate_margin = 0.1;
    EXPECT_TRUE(is_urgent(result, {{"indeterminate", 0}}));
    EXPECT_FALSE(is_urgent(result, {{"Pneumothorax", 0}}));
    EXPECT_TRUE(is_urgent(result, {{"Pneumothorax", 0.4}}));
    result.diagnosis = "Normal";
    EXPECT_FALSE(is_urgent(result, {{"indeterminate", 0}}));
}

}  // namespace
}  // namespace hilum
