#include "training/fit/validation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hilum::training {
namespace {

torch::Tensor truth(std::initializer_list<int> of) {
    auto targets = torch::zeros({static_cast<std::int64_t>(of.size()), 3});
    std::int64_t row = 0;
    for (const int label : of) targets[row++][label] = 1;
    return targets;
}

TEST(Validation, AreasAreOfEachLabelAgainstTheOthers) {
    // Label 0 is told apart; of label 1 one pair of four is the wrong way round, of label 2 all ties.
    const auto logits =
        torch::tensor({{5.0F, 0.0F, 0.0F}, {0.0F, 2.0F, 1.0F}, {0.0F, 1.0F, 1.0F}, {4.0F, 1.0F, 0.0F}});
    LossSettings loss;
    loss.exclusive = false;
    loss.kind = LossKind::binary_cross_entropy;
    const auto figures = figures_of(logits, truth({0, 1, 2, 0}), loss);
    ASSERT_TRUE(figures);
    EXPECT_EQ(figures->aucs[0], 1);
    EXPECT_EQ(figures->aucs[1], 1);
    EXPECT_NEAR(figures->aucs[2], (1 + 0.5 + 1) / 3, 1e-12);
    EXPECT_NEAR(figures->auc, (1 + 1 + 2.5 / 3) / 3, 1e-12);
    EXPECT_FALSE(figures->constant);
}

TEST(Validation, SureAnswersStayApartWhereProbabilitiesWouldBeOne) {
    const auto logits = torch::tensor({{60.0F, 0.0F, 0.0F}, {50.0F, 0.0F, 0.0F}, {40.0F, 0.0F, 0.0F}});
    const auto figures = figures_of(logits, truth({0, 0, 1}), {});
    ASSERT_TRUE(figures);
    EXPECT_EQ(figures->aucs[0], 1);
}

TEST(Validation, SeesThatEveryImageGetsOneAnswer) {
    const auto figures = figures_of(torch::ones({4, 3}), truth({0, 1, 2, 0}), {});
    ASSERT_TRUE(figures);
    EXPECT_TRUE(figures->constant);
    EXPECT_EQ(figures->auc, 0.5);
    EXPECT_NEAR(figures->loss, std::log(3.0), 1e-6);
}

TEST(Validation, RefusesWhatIsNoNumber) {
    auto logits = torch::ones({4, 3});
    logits[1][1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(figures_of(logits, truth({0, 1, 2, 0}), {}).error().code, "diverged");
}

}  // namespace
}  // namespace hilum::training
