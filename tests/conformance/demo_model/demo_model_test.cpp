#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "demo_model/demo_network.h"
#include "demo_model/measurement.h"

namespace hilum::demo_model {
namespace {

// `count` phantoms that were never drawn: the classes in turn, no lesions, a square input.
PhantomSet labelled(int count) {
    PhantomSet set;
    set.labels = torch::arange(count).remainder(network_outputs);
    set.lesions.resize(static_cast<std::size_t>(count));
    InputGeometry geometry;
    geometry.input_columns = geometry.input_rows = geometry.scaled_columns = geometry.scaled_rows = 100;
    set.geometries.assign(static_cast<std::size_t>(count), geometry);
    return set;
}

Outputs answering(const torch::Tensor& classes) {
    return {4 * torch::one_hot(classes, network_outputs).to(torch::kFloat),
            torch::zeros({classes.size(0), network_outputs, 10, 10})};
}

TEST(DemoNetwork, GivesMapsWhoseMeansAndBiasesAreTheLogits) {
    torch::manual_seed(3);
    const torch::NoGradGuard no_gradients;
    auto network = make_demo_network();
    network.attr("bias").toTensor().copy_(torch::tensor({0.5, -1.0, 2.0}));
    network.eval();
    const auto outputs = network.forward({torch::rand({2, 1, 192, 192})}).toTuple();
    const auto logits = outputs->elements()[0].toTensor(), maps = outputs->elements()[1].toTensor();
    EXPECT_EQ(maps.sizes(), (std::vector<std::int64_t>{2, network_outputs, 24, 24}));
    const auto expected = maps.mean({2, 3}) + network.attr("bias").toTensor();
    EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-4);
}

TEST(Measure, GivesFullMarksToTheRightAnswers) {
    const auto set = labelled(30);
    const auto figures = measure(set, answering(set.labels), 1);
    EXPECT_EQ(figures["accuracy"], 1.0);
    EXPECT_EQ(figures["classes"]["Pneumonia"]["auc"], 1.0);
    EXPECT_EQ(figures["confusion"], nlohmann::json::parse("[[10,0,0],[0,10,0],[0,0,10]]"));
}

TEST(Measure, TellsSensitivityFromSpecificity) {
    const auto set = labelled(30);
    const auto figures = measure(set, answering(torch::ones({30}, torch::kLong)), 1);  // always Pneumonia
    EXPECT_EQ(figures["classes"]["Pneumonia"]["sensitivity"], 1.0);
    EXPECT_EQ(figures["classes"]["Pneumonia"]["specificity"], 0.0);
    EXPECT_EQ(figures["classes"]["Pneumonia"]["auc"], 0.5);
    EXPECT_EQ(figures["classes"]["Normal"]["sensitivity"], 0.0);
    const double confidence = std::exp(4.0) / (std::exp(4.0) + 2);
    EXPECT_NEAR(figures["uncalibrated"]["expected_calibration_error"].get<double>(), confidence - 1.0 / 3,
                1e-4);
}

TEST(Measure, AsksWhetherTheMapPeaksWithinAnOpacity) {
    auto set = labelled(6);
    auto outputs = answering(set.labels);
    for (const std::size_t pneumonia : {1U, 4U})
        set.lesions[pneumonia] = {{phantom::Abnormality::consolidation, 0.25, 0.75, 0.1, 0.1, 0.5}};
    outputs.maps[1][1][7][2] = 1;  // within
    outputs.maps[4][1][2][7] = 1;  // elsewhere
    EXPECT_EQ(measure(set, outputs, 1)["pneumonia_map_peaks_in_opacity"], 0.5);
}

TEST(FitTemperature, FindsTheFactorByWhichLogitsAreTooSure) {
    torch::manual_seed(5);
    const auto honest = 1.5 * torch::randn({20'000, network_outputs});
    const auto labels = torch::multinomial(torch::softmax(honest, 1), 1).squeeze(1);
    EXPECT_NEAR(fit_temperature(3 * honest, labels), 3, 0.15);
    EXPECT_NEAR(fit_temperature(0.5 * honest, labels), 0.5, 0.03);
}

}  // namespace
}  // namespace hilum::demo_model
