#include "evaluation/statistics/decisions.h"

#include <gtest/gtest.h>

namespace hilum::statistics {
namespace {

TEST(Decisions, RatesWithWilsonsIntervals) {
    const Counts counts{80, 10, 90, 20};
    EXPECT_DOUBLE_EQ(sensitivity(counts)->value, 0.8);
    EXPECT_DOUBLE_EQ(specificity(counts)->value, 0.9);
    EXPECT_FALSE(sensitivity({0, 1, 1, 0}));
    EXPECT_FALSE(specificity({1, 0, 0, 1}));
}

TEST(Decisions, PredictiveValuesFollowThePrevalence) {
    const Counts counts{90, 10, 90, 10};
    const auto even = predictive_values(counts, 0.5).value();
    EXPECT_NEAR(even.positive.value, 0.9, 1e-12);
    EXPECT_NEAR(even.negative.value, 0.9, 1e-12);
    const auto rare = predictive_values(counts, 0.01).value();
    EXPECT_NEAR(rare.positive.value, 0.009 / (0.009 + 0.099), 1e-12);
    EXPECT_LT(rare.positive.interval.low, rare.positive.value);
    EXPECT_GT(rare.positive.interval.high, rare.positive.value);
    EXPECT_FALSE(predictive_values(counts, 0));
    EXPECT_FALSE(predictive_values({1, 0, 0, 1}, 0.5));
    // A perfect test has no infinite interval.
    const auto perfect = predictive_values({10, 0, 10, 0}, 0.5).value();
    EXPECT_GT(perfect.positive.interval.low, 0.5);
    EXPECT_LT(perfect.positive.interval.high, 1);
}

// Agresti, Categorical Data Analysis, table 10.1: approval of the prime minister asked twice, 794 and 570
// alike, 150 and 86 discordant: z^2 = 17.36 without the correction.
TEST(Decisions, McNemarAsInTheTextbook) {
    const auto test = mcnemar({150, 86});
    EXPECT_NEAR(test.uncorrected, 17.36, 0.005);
    EXPECT_NEAR(test.statistic, (64.0 - 1) * (64 - 1) / 236, 1e-12);
    EXPECT_NEAR(test.p, 4.1e-5, 1e-6);
    EXPECT_LT(test.exact_p, 0.0001);
    EXPECT_EQ(mcnemar({0, 0}).p, 1);
    EXPECT_EQ(mcnemar({5, 5}).exact_p, 1);
    EXPECT_NEAR(mcnemar({6, 0}).exact_p, 2.0 / 64, 1e-12);
}

// Fagerland, Lydersen and Laake (BMC Medical Research Methodology 2013, 13:91), table 1: airway
// hyper-responsiveness before and after a stem cell transplantation, 1 and 7 discordant children.
TEST(Decisions, McNemarExactAndMidP) {
    const auto children = mcnemar({1, 7});
    EXPECT_NEAR(children.exact_p, 0.0703, 5e-5);
    EXPECT_NEAR(children.mid_p, 0.0391, 5e-5);
    EXPECT_NEAR(children.p, 0.0771, 5e-5);
    EXPECT_NEAR(mcnemar({7, 1}).mid_p, children.mid_p, 1e-15);
    // Equal numbers: 1 - 0.5 P(n12 | n).
    EXPECT_NEAR(mcnemar({2, 2}).mid_p, 1 - 0.5 * 6 / 16, 1e-12);
    EXPECT_EQ(mcnemar({0, 0}).mid_p, 1);
}

// Fleiss, Cohen and Everitt 1969: two clinicians, 100 patients, three classes (Fleiss, Statistical Methods,
// table 18.1).
TEST(Decisions, KappaAsInTheTextbook) {
    const auto agreement = kappa({{75, 1, 4}, {5, 4, 1}, {0, 0, 10}}).value();
    EXPECT_NEAR(agreement.value, 0.6765, 5e-4);
    EXPECT_FALSE(kappa({{5, 0}, {0, 0}}));
    EXPECT_FALSE(kappa({{0, 0}, {0, 0}}));
    EXPECT_DOUBLE_EQ(kappa({{5, 0}, {0, 5}})->value, 1);
}

TEST(Decisions, NetBenefit) {
    const Counts counts{40, 20, 130, 10};
    EXPECT_NEAR(net_benefit(counts, 0.2), 40.0 / 200 - 20.0 / 200 * 0.25, 1e-12);
    EXPECT_NEAR(net_benefit_of_calling_all(counts, 0.25), 0, 1e-12);  // at the prevalence
}

}  // namespace
}  // namespace hilum::statistics
