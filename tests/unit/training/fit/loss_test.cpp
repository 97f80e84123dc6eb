#include "training/fit/loss.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hilum::training {
namespace {

// Two images, two labels: log(1 + e^-2) where the truth has 2 more, log(1 + e^1) where it has 1 less.
const torch::Tensor logits = torch::tensor({{2.0F, 0.0F}, {1.0F, 0.0F}}),
                    targets = torch::tensor({{1.0F, 0.0F}, {0.0F, 1.0F}});
const double first = std::log1p(std::exp(-2.0)), second = std::log1p(std::exp(1.0));

double value(const LossSettings& settings, const torch::Tensor& of = logits,
             const torch::Tensor& truth = targets) {
    return classification_loss(of, truth, settings).item<double>();
}

TEST(Loss, CrossEntropyIsTheMeanNegativeLogarithmOfTheTruth) {
    EXPECT_NEAR(value({}), (first + second) / 2, 1e-6);
}

TEST(Loss, CrossEntropyWithWeightsIsTheWeightedMean) {
    LossSettings settings;
    settings.weights = {1, 3};
    EXPECT_NEAR(value(settings), (first + 3 * second) / 4, 1e-6);
}

TEST(Loss, CrossEntropyWithSmoothingSpreadsAShareOverAllLabels) {
    LossSettings settings;
    settings.label_smoothing = 0.2;  // 0.9 for the truth, 0.1 for the other
    const double other_first = first + 2, other_second = second - 1;
    EXPECT_NEAR(value(settings), (0.9 * first + 0.1 * other_first + 0.9 * second + 0.1 * other_second) / 2,
                1e-6);
}

TEST(Loss, FocalWeighsHardImagesMore) {
    LossSettings settings;
    settings.kind = LossKind::focal;
    settings.focal_gamma = 2;
    const double p1 = std::exp(-first), p2 = std::exp(-second);
    EXPECT_NEAR(value(settings), ((1 - p1) * (1 - p1) * first + (1 - p2) * (1 - p2) * second) / 2, 1e-6);
    settings.focal_gamma = 0;
    EXPECT_NEAR(value(settings), (first + second) / 2, 1e-6);
}

TEST(Loss, BinaryCrossEntropyTakesEachLabelByItself) {
    LossSettings settings{LossKind::binary_cross_entropy, false};
    const auto one = torch::tensor({{2.0F, -1.0F}}), both = torch::tensor({{1.0F, 1.0F}});
    EXPECT_NEAR(value(settings, one, both), (first + second) / 2, 1e-6);
    settings.weights = {1, 3};  // of having it
    EXPECT_NEAR(value(settings, one, both), (first + 3 * second) / 2, 1e-6);
    const auto none = torch::tensor({{0.0F, 0.0F}});
    EXPECT_NEAR(value(settings, -one, none), (first + second) / 2, 1e-6);
    settings.label_smoothing = 0.2;
    settings.weights = {};
    EXPECT_NEAR(value(settings, one, both),
                (0.9 * first + 0.1 * (first + 2) + 0.9 * second + 0.1 * (second - 1)) / 2, 1e-6);
}

TEST(Loss, FocalOfIndependentLabels) {
    LossSettings settings{LossKind::focal, false};
    settings.focal_gamma = 1;
    const auto one = torch::tensor({{2.0F, 1.0F}}), truth = torch::tensor({{1.0F, 0.0F}});
    const double p1 = std::exp(-first), p2 = std::exp(-second);
    EXPECT_NEAR(value(settings, one, truth), ((1 - p1) * first + (1 - p2) * second) / 2, 1e-6);
}

TEST(LocationLoss, IsTheLogarithmOfTheSharesOnLesions) {
    // One image, label 0, four places of which the first has the lesion and three quarters of the map's mass.
    auto maps = torch::zeros({1, 2, 2, 2});
    maps[0][0][0][0] = std::log(9.0F);  // 9 of 12
    auto places = torch::zeros({1, 8, 8});
    places[0][1][2] = 1;
    EXPECT_NEAR(location_loss(maps, torch::tensor({{1.0F, 0.0F}}), places).item<double>(), -std::log(0.75),
                1e-6);
}

TEST(LocationLoss, CountsOnlyTrueLabelsOfImagesWithLesions) {
    auto maps = torch::randn({2, 2, 2, 2});
    auto places = torch::zeros({2, 8, 8});
    EXPECT_EQ(location_loss(maps, targets, places).item<double>(), 0);
    places[1][7][7] = 1;
    const double with = location_loss(maps, targets, places).item<double>();
    maps[0].fill_(3);
    maps[1][0].fill_(-2);  // not the true label's
    EXPECT_NEAR(location_loss(maps, targets, places).item<double>(), with, 1e-6);
    EXPECT_GT(with, 0);
}

}  // namespace
}  // namespace hilum::training
