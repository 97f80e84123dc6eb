// DeLong's test on published data: 113 patients with a subarachnoid haemorrhage (Turck et al., Intensive Care
// Medicine 2010), whom Robin et al. (BMC Bioinformatics 2011, 12:77) compare two predictors on, and whose
// results the documentation of their program pROC prints.
#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <string_view>

#include "evaluation/statistics/roc.h"

namespace hilum::statistics {
namespace {

// What the tests need of the patients, which is their order: from the lowest S100B to the highest, those with
// the same value side by side. A patient is the WFNS grade: 1 to 5 of those with a good outcome, a to e of
// those with a poor one.
constexpr std::string_view patients =
    "e 11112 113 11 111123abb 111122a 111122bb 1111222bb 1122b e 112cd 1112b 1222 124d 24 1 12 e d 5 b d d 4 "
    "b 4e 3e 4 e 4 b 2 ee 4 5 45 1d e 15 e e b e de e e e e d e";

struct Predictors {
    Scores wfns, s100b;
};

Predictors predictors() {
    Predictors both;
    double place = 0;
    for (const char one : patients) {
        if (one == ' ') {
            ++place;
            continue;
        }
        const bool poor = std::isalpha(static_cast<unsigned char>(one)) != 0;
        (poor ? both.wfns.positive : both.wfns.negative).push_back(poor ? one - 'a' : one - '1');
        (poor ? both.s100b.positive : both.s100b.negative).push_back(place);
    }
    return both;
}

TEST(RocPublished, AreasAreThoseOfThePaper) {
    const auto both = predictors();
    ASSERT_EQ(both.wfns.positive.size(), 41u);
    ASSERT_EQ(both.wfns.negative.size(), 72u);
    EXPECT_NEAR(area_under_curve(both.wfns), 0.8236789, 5e-8);
    EXPECT_NEAR(area_under_curve(both.s100b), 0.7313686, 5e-8);
}

// pROC: "DeLong's test for two correlated ROC curves ... Z = 2.209, p-value = 0.02718 ... AUC of roc1
// 0.8236789, AUC of roc2 0.7313686". The comparison of independent curves: "D = 1.4156" of the same areas is
// not published, so that only its variance is checked, which pROC has as the areas' variances.
TEST(RocPublished, DelongsTestOfTwoCorrelatedCurves) {
    const auto both = predictors();
    const auto comparison = compare_paired(both.wfns, both.s100b).value();
    EXPECT_NEAR(comparison.z, 2.209, 5e-4);
    EXPECT_NEAR(comparison.p, 0.02718, 5e-6);
    EXPECT_NEAR(compare_paired(both.s100b, both.wfns)->z, -2.209, 5e-4);
}

// pROC: "95% CI: 0.6301-0.8326 (DeLong)" of s100b, on the scale of the area; here it is on the logit scale,
// so that the deviation is what is compared.
TEST(RocPublished, DelongsDeviation) {
    const double half = (0.8326 - 0.6301) / 2;
    const double deviation = std::sqrt(delong(predictors().s100b).value().variance);
    EXPECT_NEAR(deviation * normal_quantile(), half, 1e-4);
}

}  // namespace
}  // namespace hilum::statistics
