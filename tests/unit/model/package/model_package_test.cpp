#include "model/package/model_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "base/digest.h"
#include "support/temporary_folder.h"

namespace hilum::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

ModelPackage package_with(Activation activation, std::vector<std::string> labels) {
    ModelPackage package;
    package.name = "test";
    package.version = "1";
    package.sha256 = std::string(64, 'b');
    package.yaml_sha256 = std::string(64, 'c');
    package.activation = activation;
    for (auto& name : labels) package.labels.push_back({std::move(name), {}, {}, 0.5, false});
    return package;
}

InferenceResult interpreted(const ModelPackage& package, const std::vector<float>& outputs) {
    const auto result = interpret_outputs(package, outputs);
    if (!result) throw std::runtime_error(result.error().message);
    return *result;
}

TEST(InterpretOutputs, MakesTheTopClassOfASoftmaxModelTheDiagnosisAndTheOnlyPositive) {
    const auto result = interpreted(package_with(Activation::softmax, {"Normal", "Pneumonia", "Other"}),
                                    {0.0F, std::log(3.0F), 0.0F});
    EXPECT_EQ(result.activation, "softmax");
    EXPECT_EQ(result.diagnosis, "Pneumonia");
    EXPECT_NEAR(result.confidence, 0.6, 1e-6);
    EXPECT_NEAR(result.labels[0].score, 0.2, 1e-6);
    EXPECT_NEAR(result.labels[1].score, 0.6, 1e-6);
    EXPECT_FALSE(result.labels[0].positive);
    EXPECT_TRUE(result.labels[1].positive);
    EXPECT_FALSE(result.labels[2].positive);
}

TEST(InterpretOutputs, CallsASoftmaxIndeterminateWhoseBestTwoAreTooClose) {
    auto package = package_with(Activation::softmax, {"Other", "Normal", "Pneumonia"});
    package.indeterminate_margin = 0.1;
    const std::vector<float> close{std::log(0.256F), std::log(0.384F), std::log(0.36F)};
    const auto result = interpreted(package, close);
    EXPECT_EQ(result.diagnosis, "indeterminate");
    EXPECT_TRUE(is_indeterminate(result));
    EXPECT_NEAR(result.confidence, 0.384, 1e-6) << "of the top class";
    EXPECT_NEAR(result.labels[2].probability, 0.36, 1e-6);
    for (const auto& label : result.labels) EXPECT_FALSE(label.positive) << label.name;
    EXPECT_EQ(interpreted(package, {0.0F, 0.0F, 0.0F}).diagnosis, "indeterminate") << "exactly alike";
    package.indeterminate_margin = 0.02;
    EXPECT_EQ(interpreted(package, close).diagnosis, "Normal");
    package.indeterminate_margin = 0;
    EXPECT_EQ(interpreted(package, close).diagnosis, "Normal");
    EXPECT_EQ(interpreted(package, {0.0F, 0.0F, 0.0F}).diagnosis, "Other") << "turned off";
}

TEST(InterpretOutputs, MeasuresTheMarginOnTheCalibratedProbability) {
    auto package = package_with(Activation::softmax, {"Normal", "Pneumonia"});
    package.indeterminate_margin = 0.1;
    package.calibration = {"temperature", 20.0, "validation"};
    EXPECT_EQ(interpreted(package, {0.0F, 2.0F}).diagnosis, "indeterminate") << "0.88, calibrated 0.525";
}

TEST(InterpretOutputs, DoesNotLetThresholdsDecideBetweenExclusiveClasses) {
    auto package = package_with(Activation::softmax, {"Normal", "Pneumonia"});
    package.labels[1].threshold = 0.99;
    const auto result = interpreted(package, {0.0F, 1.0F});
    EXPECT_EQ(result.diagnosis, "Pneumonia");
    EXPECT_TRUE(result.labels[1].positive);
    EXPECT_EQ(result.labels[1].threshold, 0.99);
}

TEST(InterpretOutputs, StaysFiniteForHugeLogits) {
    const auto softmax = interpreted(package_with(Activation::softmax, {"A", "B"}), {-3e38F, 3e38F});
    EXPECT_EQ(softmax.confidence, 1);
    const auto sigmoid = interpreted(package_with(Activation::sigmoid, {"A", "B"}), {-3e38F, 3e38F});
    EXPECT_EQ(sigmoid.labels[0].score, 0);
    EXPECT_EQ(sigmoid.labels[1].score, 1);
}

TEST(InterpretOutputs, DecidesIndependentFindingsByTheirThresholds) {
    auto package = package_with(Activation::sigmoid, {"Effusion", "Pneumonia", "Nodule"});
    package.labels[0].threshold = 0.85;
    package.labels[1].threshold = 0.3;
    const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
    const auto result = interpreted(package, {logit(0.9), logit(0.6), logit(0.4)});
    EXPECT_TRUE(result.labels[0].positive);
    EXPECT_TRUE(result.labels[1].positive);
    EXPECT_FALSE(result.labels[2].positive);
    EXPECT_EQ(result.diagnosis, "Pneumonia") << "furthest above its own threshold, though not the highest";
    EXPECT_NEAR(result.confidence, 0.6, 1e-6);
}

TEST(InterpretOutputs, PutsAnAbnormalFindingBeforeOneThatIsNot) {
    auto package = package_with(Activation::none, {"No Finding", "Pneumothorax"});
    package.labels[0].threshold = 0.5;
    package.labels[1].threshold = 0.5;
    package.labels[1].abnormal = true;
    EXPECT_EQ(interpreted(package, {0.99F, 0.6F}).diagnosis, "Pneumothorax");
    EXPECT_EQ(interpreted(package, {0.99F, 0.4F}).diagnosis, "No Finding");
}

TEST(ModelPackage, MayCallIndeterminateByAMarginOrBySetsOfExclusiveClassesAlone) {
    auto package = package_with(Activation::softmax, {"A", "B"});
    package.indeterminate_margin = 0;
    EXPECT_FALSE(package.may_call_indeterminate());
    package.prediction_sets.emplace();
    EXPECT_TRUE(package.may_call_indeterminate());
    package.prediction_sets.reset();
    package.indeterminate_margin = 0.1;
    EXPECT_TRUE(package.may_call_indeterminate());
    package.activation = Activation::sigmoid;
    EXPECT_FALSE(package.may_call_indeterminate());
}

TEST(InterpretOutputs, CallsAScoreAtItsThresholdPositive) {
    const auto result = interpreted(package_with(Activation::none, {"A"}), {0.5F});
    EXPECT_TRUE(result.labels[0].positive);
    EXPECT_EQ(result.diagnosis, "A");
}

TEST(InterpretOutputs, SaysNoFindingWhereNoThresholdIsReached) {
    const auto result = interpreted(package_with(Activation::none, {"A", "B"}), {0.1F, 0.3F});
    EXPECT_EQ(result.diagnosis, "no finding");
    EXPECT_NEAR(result.confidence, 0.7, 1e-6);
    EXPECT_FALSE(result.labels[0].positive || result.labels[1].positive);
}

TEST(InterpretOutputs, MeasuresNoFindingByTheAbnormalLabelsAlone) {
    auto package = package_with(Activation::none, {"No Finding", "Pneumothorax"});
    package.labels[0].threshold = 0.95;
    package.labels[1].abnormal = true;
    const auto result = interpreted(package, {0.93F, 0.2F});
    EXPECT_EQ(result.diagnosis, "no finding");
    EXPECT_NEAR(result.confidence, 0.8, 1e-6);
}

TEST(InterpretOutputs, DividesLogitsByTheTemperatureForTheProbabilityAlone) {
    auto package = package_with(Activation::sigmoid, {"A"});
    package.calibration = {"temperature", 2.0, "validation"};
    const auto result = interpreted(package, {2.0F});
    EXPECT_NEAR(result.labels[0].score, 1 / (1 + std::exp(-2.0)), 1e-9);
    EXPECT_NEAR(result.labels[0].probability, 1 / (1 + std::exp(-1.0)), 1e-9);
    EXPECT_TRUE(result.calibrated);
    EXPECT_EQ(result.calibration_set, "validation");
    package.activation = Activation::softmax;
    package.labels.push_back({"B", {}, {}, 0.5, false});
    EXPECT_NEAR(interpreted(package, {2.0F, 0.0F}).labels[0].probability, 1 / (1 + std::exp(-1.0)), 1e-9);
}

TEST(InterpretOutputs, AppliesThresholdsToTheCalibratedProbability) {
    auto package = package_with(Activation::sigmoid, {"A"});
    package.calibration = {"temperature", 4.0, "validation"};
    package.labels[0].threshold = 0.7;
    EXPECT_FALSE(interpreted(package, {2.0F}).labels[0].positive) << "score 0.88, probability 0.62";
}

TEST(InterpretOutputs, DoesNotCallATemperatureWithoutADataSetACalibration) {
    auto package = package_with(Activation::sigmoid, {"A"});
    package.calibration = {"temperature", 1.0, "none"};
    EXPECT_FALSE(interpreted(package, {2.0F}).calibrated);
}

TEST(InterpretOutputs, DecidesByATemperatureWithoutADataSetToo) {
    auto package = package_with(Activation::sigmoid, {"A"});
    package.calibration = {"temperature", 2.0, "none"};
    package.labels[0].threshold = 0.62;
    const auto label = interpreted(package, {0.8473F}).labels[0];
    EXPECT_NEAR(label.score, 0.70, 1e-3);
    EXPECT_NEAR(label.probability, 0.604, 1e-3);
    EXPECT_FALSE(label.positive);
}

TEST(InterpretOutputs, NeverMakesAResultOfWhatIsNoNumber) {
    const auto package = package_with(Activation::softmax, {"A", "B"});
    for (const float bad : {nan, infinity, -infinity}) {
        const auto result = interpret_outputs(package, {0.0F, bad});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, "not_finite");
        EXPECT_THAT(result.error().message, HasSubstr("B"));
    }
}

TEST(InterpretOutputs, RefusesAnotherNumberOfOutputsThanLabels) {
    const auto package = package_with(Activation::sigmoid, {"A", "B"});
    for (const std::vector<float>& outputs : {std::vector<float>{}, {0.1F}, {0.1F, 0.2F, 0.3F}}) {
        const auto result = interpret_outputs(package, outputs);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, "wrong_shape");
    }
}

TEST(InterpretOutputs, FindsLogitsWherePackageSaysThatScoresCome) {
    const auto package = package_with(Activation::none, {"A"});
    EXPECT_EQ(interpret_outputs(package, {2.5F}).error().code, "out_of_range");
    EXPECT_EQ(interpret_outputs(package, {-0.1F}).error().code, "out_of_range");
    EXPECT_EQ(interpreted(package, {1.0001F}).labels[0].score, 1) << "rounding in half precision";
}

TEST(DiagnosesOf, AreTheLabelsAndWhatIsSaidWhereNoneIsTheDiagnosis) {
    EXPECT_THAT(diagnoses_of(package_with(Activation::softmax, {"A", "B"})),
                ElementsAre("A", "B", "indeterminate"));
    for (const auto independent : {Activation::sigmoid, Activation::none})
        EXPECT_THAT(diagnoses_of(package_with(independent, {"A"})), ElementsAre("A", "no finding"));
}

TEST(ApplyThresholds, ReplacesThePackagesOwn) {
    auto package = package_with(Activation::sigmoid, {"A", "B"});
    ASSERT_TRUE(apply_thresholds(package, {{"B", 0.62}}));
    EXPECT_EQ(package.labels[0].threshold, 0.5);
    EXPECT_EQ(package.labels[1].threshold, 0.62);
}

TEST(ApplyThresholds, NamesTheLabelsThatTheModelDoesNotHave) {
    auto package = package_with(Activation::sigmoid, {"A"});
    const auto status = apply_thresholds(package, {{"A", 0.1}, {"Fracture", 0.2}, {"Nodule", 0.3}});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "configuration");
    EXPECT_THAT(status.error().message, HasSubstr("Fracture, Nodule"));
}

TEST(IdentityOf, ChangesWithEveryThingThatShapesAnOutput) {
    auto package = package_with(Activation::sigmoid, {"A", "B"});
    package.notice = "note";
    const auto identity = identity_of(package);
    EXPECT_EQ(identity.name, "test");
    EXPECT_EQ(identity.sha256, package.sha256);
    EXPECT_EQ(identity.notice, "note");
    EXPECT_EQ(identity_of(package), identity);

    auto other_threshold = package;
    other_threshold.labels[1].threshold = 0.500001;
    EXPECT_NE(identity_of(other_threshold).configuration_sha256, identity.configuration_sha256);
    auto other_yaml = package;
    other_yaml.yaml_sha256[0] = 'd';
    EXPECT_NE(identity_of(other_yaml).configuration_sha256, identity.configuration_sha256);
    auto other_site = package;
    apply_site(other_site, SiteSettings{});
    EXPECT_EQ(identity_of(other_site).configuration_sha256, identity.configuration_sha256);
    SiteSettings site;
    site.polarity = {{"EXAMPLE*", "*", "presentation_lut_shape"}};
    apply_site(other_site, site);
    EXPECT_NE(identity_of(other_site).configuration_sha256, identity.configuration_sha256);
}

class WeightsTest : public testing::Test {
  protected:
    WeightsTest() {
        package_.file = folder_ / "model.pt";
        package_.sha256 = sha256_hex("weights");
    }
    void write(const std::string& bytes) { std::ofstream(package_.file) << bytes; }
    void expect_error(const std::string& code) {
        EXPECT_EQ(verify_weights(package_).error().code, code);
        EXPECT_EQ(read_verified_weights(package_).error().code, code);
        EXPECT_THAT(verify_weights(package_).error().message, HasSubstr("model.pt"));
        EXPECT_THAT(read_verified_weights(package_).error().message, HasSubstr("model.pt"));
    }

    test::TemporaryFolder folder_;
    ModelPackage package_;
};

TEST_F(WeightsTest, AreReadWhenTheirDigestIsThatOfTheYaml) {
    write("weights");
    EXPECT_TRUE(verify_weights(package_));
    EXPECT_EQ(read_verified_weights(package_).value(), "weights");
}

TEST_F(WeightsTest, AreRefusedWhenTheyWereChanged) {
    write("weightS");
    expect_error("weights_digest");
}

TEST_F(WeightsTest, AreNamedWhenTheyAreMissing) {
    expect_error("unreadable");
}

}  // namespace
}  // namespace hilum::model
