#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "evaluation/statistics/roc.h"
#include "unit/evaluation/readers/van_dyke.h"

namespace hilum::readers {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// What the published program prints: OR-DBM MRMC 2.51 (Schartz, Hillis, Pesce and Berbaum, University of
// Iowa), trapezoidal areas, jackknife; the same data stand in Hillis et al. (2005) and Hillis (2007).
TEST(CompareReaders, GivesThePublishedFiguresOfVanDykesData) {
    const auto result = compare_readers(test::van_dyke()).value();
    constexpr double printed = 5e-9;
    EXPECT_THAT(result.values[0],
                ElementsAre(DoubleNear(0.91964573, printed), DoubleNear(0.85877617, printed),
                            DoubleNear(0.90386473, printed), DoubleNear(0.97310789, printed),
                            DoubleNear(0.82979066, printed)));
    EXPECT_THAT(result.values[1],
                ElementsAre(DoubleNear(0.94782609, printed), DoubleNear(0.90531401, printed),
                            DoubleNear(0.92173913, printed), DoubleNear(0.99935588, printed),
                            DoubleNear(0.92995169, printed)));
    EXPECT_NEAR(result.mean_squares.modality, 0.00479617, printed);
    EXPECT_NEAR(result.mean_squares.reader, 0.00383620, printed);
    EXPECT_NEAR(result.mean_squares.modality_by_reader, 0.00055103, printed);
    EXPECT_NEAR(result.errors.variance, 0.00080229, printed);
    EXPECT_NEAR(result.errors.same_reader, 0.00034661, printed);
    EXPECT_NEAR(result.errors.same_modality, 0.00034407, printed);
    EXPECT_NEAR(result.errors.neither, 0.00023903, printed);
    EXPECT_NEAR(result.components.reader, 0.00153500, printed);
    EXPECT_NEAR(result.components.modality_by_reader, 0.00020040, printed);
    EXPECT_EQ(result.cases, 114U);
}

TEST(CompareReaders, GivesThePublishedTestsOfVanDykesData) {
    const auto result = compare_readers(test::van_dyke()).value();
    const auto& test = result.random_readers.value();
    EXPECT_NEAR(test.statistic, 4.456, 5e-4);
    EXPECT_NEAR(test.degrees.value(), 15.26, 5e-3);
    EXPECT_NEAR(test.p, 0.0517, 5e-5);
    EXPECT_NEAR(test.difference.value, 0.04380032, 5e-9);
    EXPECT_NEAR(test.standard_error, 0.02075, 5e-6);
    EXPECT_NEAR(test.difference.interval.low, -0.00036, 5e-6);
    EXPECT_NEAR(test.difference.interval.high, 0.08796, 5e-6);
    EXPECT_NEAR(result.fixed_readers->statistic, 5.47595, 5e-6);
    EXPECT_NEAR(result.fixed_readers->p, 0.0193, 5e-5);
    EXPECT_NEAR(result.fixed_readers->difference.interval.low, 0.00711, 5e-6);
    EXPECT_NEAR(result.fixed_cases->statistic, 8.70, 5e-3);
    EXPECT_NEAR(result.fixed_cases->degrees.value(), 4, 1e-12);
    EXPECT_NEAR(result.fixed_cases->p, 0.0420, 5e-5);
    const double by_reader[] = {0.2693, 0.0768, 0.5668, 0.1290, 0.0230};
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(result.by_reader[j]->p, by_reader[j], 5e-5) << j;
}

TEST(CompareReaders, GivesThePublishedMeansOfVanDykesData) {
    const auto result = compare_readers(test::van_dyke()).value();
    const auto &spin_echo = result.modalities[0], &cine = result.modalities[1];
    EXPECT_NEAR(spin_echo.random_readers->value, 0.89703704, 5e-9);
    EXPECT_NEAR(spin_echo.random_readers->interval.low, 0.82522360, 5e-9);
    EXPECT_NEAR(spin_echo.random_readers->interval.high, 0.96885048, 5e-9);
    EXPECT_NEAR(spin_echo.degrees.value(), 12.74, 5e-3);
    EXPECT_NEAR(cine.random_readers->value, 0.94083736, 5e-9);
    EXPECT_NEAR(cine.random_readers->interval.low, 0.89413783, 5e-9);
    EXPECT_NEAR(cine.fixed_readers.interval.low, 0.90795637, 5e-9);
    EXPECT_NEAR(cine.fixed_readers.interval.high, 0.97371835, 5e-9);
    EXPECT_NEAR(cine.same_modality, 0.00020419, 5e-9);
}

// Two ways to the covariances of one and the same thing.
TEST(CompareReaders, FindsWithDelongsCovariancesNearlyWhatTheJackknifeFinds) {
    const auto jackknife = compare_readers(test::van_dyke()).value();
    const auto delong = compare_readers(test::van_dyke(), {.method = CovarianceMethod::delong}).value();
    EXPECT_NEAR(delong.errors.variance / jackknife.errors.variance, 1, 0.03);
    EXPECT_NEAR(delong.random_readers->p, jackknife.random_readers->p, 0.002);
    EXPECT_NE(delong.random_readers->p, jackknife.random_readers->p);
}

// The statistic of Dorfman, Berbaum and Metz, from the analysis of variance of pseudovalues (Hillis et al.
// 2005).
TEST(CompareReaders, IsTheMethodOfDorfmanBerbaumAndMetz) {
    const auto crossed = test::van_dyke();
    const auto result = compare_readers(crossed).value();
    constexpr std::size_t readers = 5, cases = 114;
    const auto area = [&](std::size_t i, std::size_t j, std::size_t without) {
        statistics::Scores scores;
        for (std::size_t k = 0; k < cases; ++k)
            if (k != without)
                (crossed.positive[k] ? scores.positive : scores.negative).push_back(crossed.ratings[i][j][k]);
        return statistics::area_under_curve(scores);
    };
    std::vector<double> y;  // [modality][reader][case]
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < readers; ++j)
            for (std::size_t k = 0; k < cases; ++k)
                y.push_back(cases * area(i, j, cases) - (cases - 1) * area(i, j, k));
    const auto mean = [&](auto&& of) {
        double sum = 0, n = 0;
        for (std::size_t at = 0; at < y.size(); ++at)
            if (of(at / (readers * cases), at / cases % readers, at % cases)) sum += y[at], ++n;
        return sum / n;
    };
    const double all = mean([](auto, auto, auto) { return true; });
    double t = 0, tr = 0, tc = 0, trc = 0;
    std::vector<double> mi, mj, mk(cases), mij, mik, mjk;
    for (std::size_t i = 0; i < 2; ++i) mi.push_back(mean([&](auto a, auto, auto) { return a == i; }));
    for (std::size_t j = 0; j < readers; ++j) mj.push_back(mean([&](auto, auto b, auto) { return b == j; }));
    for (std::size_t k = 0; k < cases; ++k) mk[k] = mean([&](auto, auto, auto c) { return c == k; });
    for (std::size_t i = 0; i < 2; ++i) {
        t += readers * cases * std::pow(mi[i] - all, 2);
        for (std::size_t j = 0; j < readers; ++j) {
            mij.push_back(mean([&](auto a, auto b, auto) { return a == i && b == j; }));
            tr += cases * std::pow(mij.back() - mi[i] - mj[j] + all, 2) / (readers - 1);
        }
        for (std::size_t k = 0; k < cases; ++k) {
            mik.push_back(mean([&](auto a, auto, auto c) { return a == i && c == k; }));
            tc += readers * std::pow(mik.back() - mi[i] - mk[k] + all, 2) / (cases - 1);
        }
    }
    for (std::size_t j = 0; j < readers; ++j)
        for (std::size_t k = 0; k < cases; ++k)
            mjk.push_back(mean([&](auto, auto b, auto c) { return b == j && c == k; }));
    for (std::size_t at = 0; at < y.size(); ++at) {
        const std::size_t i = at / (readers * cases), j = at / cases % readers, k = at % cases;
        const double rest = y[at] - mij[i * readers + j] - mik[i * cases + k] - mjk[j * cases + k] + mi[i] +
                            mj[j] + mk[k] - all;
        trc += rest * rest / ((readers - 1) * (cases - 1));
    }
    EXPECT_NEAR(result.random_readers->statistic, t / (tr + std::max(0.0, tc - trc)), 1e-9);
    EXPECT_NEAR(result.random_readers->degrees.value(),
                std::pow(tr + std::max(0.0, tc - trc), 2) / (tr * tr / (readers - 1)), 1e-6);
}

// Readers and cases drawn as Roe and Metz do (Academic Radiology 1997), no difference between the modalities.
TEST(CompareReaders, FindsADifferenceWhereThereIsNoneInOneStudyOfTwenty) {
    std::mt19937_64 random(20261128);
    std::normal_distribution<double> normal;
    constexpr std::size_t studies = 2000, readers = 5, cases = 80;
    std::size_t found = 0;
    for (std::size_t study = 0; study < studies; ++study) {
        CrossedRatings crossed;
        crossed.ratings.assign(2, std::vector(readers, std::vector<double>(cases)));
        std::vector<double> skill(readers), skill_with(2 * readers);
        for (auto& one : skill) one = 0.1 * normal(random);
        for (auto& one : skill_with) one = 0.1 * normal(random);
        for (std::size_t k = 0; k < cases; ++k) {
            crossed.positive.push_back(k < cases / 2);
            const double of_case = std::sqrt(0.3) * normal(random);
            const double with[] = {std::sqrt(0.2) * normal(random), std::sqrt(0.2) * normal(random)};
            for (std::size_t j = 0; j < readers; ++j) {
                const double of_both = std::sqrt(0.2) * normal(random);
                for (std::size_t i = 0; i < 2; ++i)
                    crossed.ratings[i][j][k] = of_case + with[i] + of_both + std::sqrt(0.3) * normal(random) +
                                               (k < cases / 2 ? 1.5 + skill[j] + skill_with[2 * j + i] : 0);
            }
        }
        found += compare_readers(crossed).value().random_readers->p < 0.05;
    }
    const double share = static_cast<double>(found) / studies;
    EXPECT_GT(share, 0.03);
    EXPECT_LT(share, 0.07);
}

CrossedRatings made(std::vector<bool> positive, std::vector<std::vector<std::vector<double>>> ratings) {
    return {std::move(positive), std::move(ratings)};
}

TEST(CompareReaders, ComparesOneReaderAsDelongDoes) {
    const auto data = test::van_dyke();
    const CrossedRatings one{data.positive, {{data.ratings[0][1]}, {data.ratings[1][1]}}};
    const auto result = compare_readers(one, {.method = CovarianceMethod::delong}).value();
    EXPECT_FALSE(result.random_readers);
    EXPECT_FALSE(result.fixed_cases);
    EXPECT_FALSE(result.modalities[0].random_readers);
    statistics::Scores first, second;
    for (std::size_t k = 0; k < data.positive.size(); ++k) {
        (data.positive[k] ? first.positive : first.negative).push_back(data.ratings[0][1][k]);
        (data.positive[k] ? second.positive : second.negative).push_back(data.ratings[1][1][k]);
    }
    const auto paired = statistics::compare_paired(second, first).value();
    EXPECT_NEAR(result.fixed_readers->p, paired.p, 1e-12);
    EXPECT_NEAR(result.fixed_readers->difference.interval.low, paired.difference.interval.low, 1e-12);
}

TEST(CompareReaders, SaysNothingOfDifferencesThatHaveNoVariance) {
    const std::vector<bool> positive{true, true, false, false};
    const std::vector<double> alike{1, 1, 1, 1}, perfect{2, 2, 1, 1};
    // All readers answer all alike in both: no difference, and no doubt.
    const auto same = compare_readers(made(positive, {{alike, alike}, {alike, alike}})).value();
    EXPECT_EQ(same.values[0][0], 0.5);
    EXPECT_EQ(same.random_readers->p, 1);
    // Useless in one and perfect in the other, every reader alike: nothing to test with.
    const auto other = compare_readers(made(positive, {{alike, alike}, {perfect, perfect}})).value();
    EXPECT_EQ(other.values[1][1], 1);
    EXPECT_FALSE(other.random_readers);
    EXPECT_FALSE(other.by_reader[0]);
}

TEST(CompareReaders, LeavesDoubtWhereAllReadersAreRight) {
    const std::vector<bool> positive{true, true, true, false, false, false, false};
    const std::vector<double> perfect{2, 2, 2, 1, 1, 1, 1};
    const auto result = compare_readers(made(positive, {{perfect, perfect}})).value();
    const auto exact = statistics::clopper_pearson(3, 3).interval;
    EXPECT_DOUBLE_EQ(result.modalities[0].random_readers->interval.low, exact.low);
    EXPECT_DOUBLE_EQ(result.modalities[0].fixed_readers.interval.low, exact.low);
    EXPECT_EQ(result.modalities[0].fixed_readers.interval.high, 1);
}

TEST(CompareReaders, ClipsANegativeDifferenceOfCovariances) {
    // Reader b disagrees with a within a modality more than between them: Cov2 < Cov3.
    const std::vector<bool> positive{true, true, true, true, false, false, false, false};
    const std::vector<double> up{1, 2, 3, 4, 1, 2, 3, 4}, down{4, 3, 2, 1, 4, 3, 2, 1};
    const auto result = compare_readers(made(positive, {{up, down}, {down, up}})).value();
    EXPECT_LT(result.errors.same_modality, result.errors.neither);
    EXPECT_EQ(result.mean_squares.modality_by_reader, 0);
    EXPECT_EQ(result.random_readers->p, 1);
    EXPECT_GE(result.fixed_readers->standard_error, 0);
}

TEST(CompareReaders, ComparesSensitivitiesBySharesOfThePositiveCases) {
    const std::vector<bool> positive{true, true, true, true, false, false};
    const std::vector<double> a{1, 1, 0, 0, 1, 0}, b{1, 1, 1, 0, 0, 0};
    const auto found =
        compare_readers(made(positive, {{a}, {b}}), {.figure = FigureOfMerit::sensitivity}).value();
    EXPECT_EQ(found.cases, 4U);
    EXPECT_DOUBLE_EQ(found.values[0][0], 0.5);
    EXPECT_DOUBLE_EQ(found.values[1][0], 0.75);
    // The paired difference of means: variance of (0, 0, 1, 0) over 4.
    EXPECT_NEAR(found.by_reader[0]->standard_error, 0.25, 1e-12);
    const auto absent =
        compare_readers(made(positive, {{a}, {b}}), {.figure = FigureOfMerit::specificity}).value();
    EXPECT_DOUBLE_EQ(absent.values[0][0], 0.5);
    EXPECT_DOUBLE_EQ(absent.values[1][0], 1);
}

TEST(CompareReaders, RefusesWhatCannotBeCompared) {
    const std::vector<double> some{1, 2, 3, 4};
    const auto code = [](const CrossedRatings& crossed) { return compare_readers(crossed).error().code; };
    EXPECT_EQ(code(made({true, true, true, true}, {{some}, {some}})), "too_few_cases");
    EXPECT_EQ(code(made({true, false, false, false}, {{some}, {some}})), "too_few_cases");
    EXPECT_EQ(code(made({true, true, false, false}, {{some}, {some, some}})), "unpaired");
    EXPECT_EQ(code(made({true, true, false}, {{some}, {some}})), "unpaired");
    EXPECT_EQ(code(made({}, {})), "unpaired");
    EXPECT_EQ(code(made({true, true, false, false}, {{{1, 2, 3, std::numeric_limits<double>::quiet_NaN()}}})),
              "not_finite");
}

}  // namespace
}  // namespace hilum::readers
