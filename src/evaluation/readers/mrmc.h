// Several readers read the same cases in two modalities: whether the second does better than the first, for
// other readers and other cases too. The model of Obuchowski and Rockette (Communications in Statistics -
// Simulation 1995) with the denominator's degrees of freedom of Hillis (Statistics in Medicine 2007), as
// Hillis, Obuchowski, Schartz and Berbaum (Statistics in Medicine 2005) show it to be that of Dorfman,
// Berbaum and Metz.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/error.h"
#include "evaluation/statistics/interval.h"

namespace hilum::readers {

using statistics::Estimate;

// Every reader rated every case in every modality: ratings[modality][reader][case], finite.
struct CrossedRatings {
    std::vector<bool> positive;  // of each case: the truth
    std::vector<std::vector<std::vector<double>>> ratings;
};

// What is compared: the empirical area under the ROC curve of ratings, or a mean of what the "ratings" then
// are: decisions (0 or 1) of the positive cases (sensitivity) or of the negative ones, taken from 1
// (specificity), or any number of all cases (the logarithm of a time).
enum class FigureOfMerit { area, sensitivity, specificity, mean };

// How errors' covariances are estimated. DeLong's is of areas alone; jackknife is what published analyses
// use.
enum class CovarianceMethod { jackknife, delong };

// Covariances of the figures' errors, which come from the cases. Not clipped; 0 where there is no such pair.
struct ErrorCovariances {
    double variance = 0;
    double same_reader = 0;    // Cov1: one reader, two modalities
    double same_modality = 0;  // Cov2: two readers, one modality
    double neither = 0;        // Cov3
};

// Of the analysis of variance of the figures, modality x reader. 0 without a second modality or reader.
struct MeanSquares {
    double modality = 0, reader = 0, modality_by_reader = 0;
};

// Of the model; estimates of it that can be negative.
struct VarianceComponents {
    double reader = 0, modality_by_reader = 0;
};

// Whether the modalities differ. `degrees` are the denominator's; none: a normal distribution stands in.
struct DifferenceTest {
    Estimate difference;  // second modality - first
    double standard_error = 0;
    std::optional<double> degrees;
    double statistic = 0;  // F with 1 and `degrees` degrees of freedom; without them chi squared with 1
    double p = 1;
};

// The mean over readers in one modality, by that modality's data alone. Intervals of shares lie within 0 and
// 1; of one without variance it is the exact one of as many trials as the rarer kind has cases.
struct ModalityMean {
    std::optional<Estimate> random_readers;  // holds for other readers too; none of one reader
    std::optional<double> degrees;
    Estimate fixed_readers;  // of these readers, for other cases
    double mean_square_readers = 0, variance = 0, same_modality = 0;
};

// Each test is empty where it has no variance but a difference, or too few readers.
struct ReaderComparison {
    std::size_t cases = 0;                    // that the figure depends on
    std::vector<std::vector<double>> values;  // [modality][reader]
    std::vector<ModalityMean> modalities;
    MeanSquares mean_squares;
    ErrorCovariances errors;
    VarianceComponents components;
    std::optional<DifferenceTest> random_readers;  // and random cases: the one to report
    std::optional<DifferenceTest> fixed_readers;   // these readers, other cases
    std::optional<DifferenceTest> fixed_cases;     // other readers, these cases
    std::vector<std::optional<DifferenceTest>> by_reader;
};

struct ComparisonSettings {
    FigureOfMerit figure = FigureOfMerit::area;
    CovarianceMethod method = CovarianceMethod::jackknife;
    double level = statistics::usual_level;
};

// One modality or two; of one there are means and no tests. Covariances are clipped where Hillis does: Cov2 -
// Cov3, and Cov2 of one modality, at 0. Codes: "too_few_cases" with fewer than two cases that the figure
// depends on (of either kind: of an area); "unpaired" where the ratings are not crossed; "not_finite".
Result<ReaderComparison> compare_readers(const CrossedRatings& crossed,
                                         const ComparisonSettings& settings = {});

}  // namespace hilum::readers
