#include "evaluation/readers/mrmc.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "evaluation/statistics/roc.h"

namespace hilum::readers {
namespace {

using Values = std::vector<double>;

double total(const Values& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

double mean_of(const Values& values) {
    return total(values) / static_cast<double>(values.size());
}

// One reader in one modality: the figure, and what each case adds to its error, scaled so that the covariance
// of two figures is the sum of products.
struct Cell {
    double value = 0;
    Values errors;
};

void centre_and_scale(Values& errors, double scale) {
    const double mean = mean_of(errors);
    for (double& error : errors) error = (error - mean) * scale;
}

Cell area_cell(const std::vector<bool>& positive, const Values& ratings, CovarianceMethod method) {
    statistics::Scores scores;
    for (std::size_t k = 0; k < ratings.size(); ++k)
        (positive[k] ? scores.positive : scores.negative).push_back(ratings[k]);
    auto places = statistics::placement_values(scores);
    const double m = static_cast<double>(scores.positive.size());
    const double n = static_cast<double>(scores.negative.size());
    Cell cell{mean_of(places.positive), {}};
    if (method == CovarianceMethod::delong) {
        centre_and_scale(places.positive, 1 / std::sqrt(m * (m - 1)));
        centre_and_scale(places.negative, 1 / std::sqrt(n * (n - 1)));
    } else {  // the area without the case
        for (double& place : places.positive) place = (m * cell.value - place) / (m - 1);
        for (double& place : places.negative) place = (n * cell.value - place) / (n - 1);
    }
    cell.errors = std::move(places.positive);
    cell.errors.insert(cell.errors.end(), places.negative.begin(), places.negative.end());
    if (method == CovarianceMethod::jackknife) {
        const double cases = m + n;
        centre_and_scale(cell.errors, std::sqrt((cases - 1) / cases));
    }
    return cell;
}

Cell mean_cell(const std::vector<bool>& positive, const Values& ratings, FigureOfMerit figure) {
    Cell cell;
    for (std::size_t k = 0; k < ratings.size(); ++k) {
        if (figure == FigureOfMerit::mean || positive[k] == (figure == FigureOfMerit::sensitivity))
            cell.errors.push_back(figure == FigureOfMerit::specificity ? 1 - ratings[k] : ratings[k]);
    }
    cell.value = mean_of(cell.errors);
    const double n = static_cast<double>(cell.errors.size());
    centre_and_scale(cell.errors, 1 / std::sqrt(n * (n - 1)));
    return cell;
}

double covariance_of(const Cell& a, const Cell& b) {
    return std::inner_product(a.errors.begin(), a.errors.end(), b.errors.begin(), 0.0);
}

using Cells = std::vector<std::vector<Cell>>;  // [modality][reader]

class Mean {
  public:
    void add(double value) { sum_ += value, ++count_; }
    double value() const { return count_ > 0 ? sum_ / count_ : 0; }

  private:
    double sum_ = 0, count_ = 0;
};

ErrorCovariances error_covariances(const Cells& cells) {
    Mean variance, same_reader, same_modality, neither;
    const std::size_t readers = cells.front().size();
    for (std::size_t i = 0; i < cells.size(); ++i)
        for (std::size_t j = 0; j < readers; ++j)
            for (std::size_t a = 0; a < cells.size(); ++a)
                for (std::size_t b = 0; b < readers; ++b) {
                    auto& mean = i == a   ? (j == b ? variance : same_modality)
                                 : j == b ? same_reader
                                          : neither;
                    mean.add(covariance_of(cells[i][j], cells[a][b]));
                }
    return {variance.value(), same_reader.value(), same_modality.value(), neither.value()};
}

// Of the values of each modality and reader.
MeanSquares mean_squares_of(const std::vector<Values>& values) {
    const std::size_t modalities = values.size(), readers = values.front().size();
    const auto count = [](std::size_t n) { return static_cast<double>(n); };
    Values of_modality, of_reader(readers);
    for (const auto& row : values) {
        of_modality.push_back(mean_of(row));
        for (std::size_t j = 0; j < readers; ++j) of_reader[j] += row[j] / count(modalities);
    }
    const double grand = mean_of(of_modality);
    MeanSquares squares;
    for (const double value : of_modality) squares.modality += count(readers) * std::pow(value - grand, 2);
    for (const double value : of_reader) squares.reader += count(modalities) * std::pow(value - grand, 2);
    for (std::size_t i = 0; i < modalities; ++i)
        for (std::size_t j = 0; j < readers; ++j)
            squares.modality_by_reader += std::pow(values[i][j] - of_modality[i] - of_reader[j] + grand, 2);
    if (modalities > 1) squares.modality /= count(modalities - 1);
    if (readers > 1) squares.reader /= count(readers - 1);
    if (modalities > 1 && readers > 1) squares.modality_by_reader /= count((modalities - 1) * (readers - 1));
    return squares;
}

double quantile_of(double level, const std::optional<double>& degrees) {
    if (!degrees) return statistics::normal_quantile(level);
    return boost::math::quantile(boost::math::students_t_distribution<>(*degrees), 0.5 + level / 2);
}

double p_of(double ratio, const std::optional<double>& degrees) {
    if (!degrees) return statistics::two_sided_p(ratio);
    return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t_distribution<>(*degrees),
                                                        std::abs(ratio)));
}

// What is left of rounding is no variance.
constexpr double least_variance = 1e-15;

std::optional<DifferenceTest> test_of(double difference, double variance, std::optional<double> degrees,
                                      double level) {
    if (!(variance > least_variance)) {
        if (std::abs(difference) > 1e-12) return std::nullopt;
        return DifferenceTest{{0, {0, 0}}, 0, degrees, 0, 1};
    }
    DifferenceTest test;
    test.standard_error = std::sqrt(variance);
    test.degrees = degrees;
    const double ratio = difference / test.standard_error;
    const double half = quantile_of(level, degrees) * test.standard_error;
    test.difference = {difference, {difference - half, difference + half}};
    test.statistic = ratio * ratio;
    test.p = p_of(ratio, degrees);
    return test;
}

// Hillis' (2007): of a sum of a mean square, with its own degrees, and what has none. Too many: as good as
// normal.
std::optional<double> degrees_of(double sum, double square, double degrees) {
    if (square <= least_variance) return std::nullopt;
    const double value = sum * sum / (square * square / degrees);
    return value < 1e7 ? std::optional(value) : std::nullopt;
}

// Of a share (`trials` > 0) within 0 and 1. Where it has no variance its sample still leaves doubt: the
// interval is then the exact one of as many trials, as statistics::delong() has it.
Estimate around(double value, double variance, const std::optional<double>& degrees, double level,
                std::int64_t trials) {
    if (trials > 0 && variance <= least_variance)
        return {value,
                statistics::clopper_pearson(std::llround(value * static_cast<double>(trials)), trials, level)
                    .interval};
    const double half = quantile_of(level, degrees) * std::sqrt(std::max(0.0, variance));
    Estimate estimate{value, {value - half, value + half}};
    if (trials > 0) {
        estimate.interval.low = std::max(0.0, estimate.interval.low);
        estimate.interval.high = std::min(1.0, estimate.interval.high);
    }
    return estimate;
}

// Of the rarer kind that the figure depends on; 0 of a figure that is no share.
std::int64_t trials_of(const std::vector<bool>& positive, FigureOfMerit figure) {
    const auto with = std::ranges::count(positive, true), without = std::ranges::count(positive, false);
    switch (figure) {
        case FigureOfMerit::area:
            return std::min(with, without);
        case FigureOfMerit::sensitivity:
            return with;
        case FigureOfMerit::specificity:
            return without;
        case FigureOfMerit::mean:
            break;
    }
    return 0;
}

ModalityMean modality_mean(const std::vector<Cell>& cells, std::int64_t trials, double level) {
    Values values;
    for (const auto& cell : cells) values.push_back(cell.value);
    const auto errors = error_covariances({cells});
    const double readers = static_cast<double>(cells.size()), mean = mean_of(values);
    const double shared = std::max(0.0, errors.same_modality);
    ModalityMean result;
    result.variance = errors.variance;
    result.same_modality = errors.same_modality;
    result.fixed_readers =
        around(mean, (errors.variance + (readers - 1) * shared) / readers, std::nullopt, level, trials);
    if (cells.size() < 2) return result;
    result.mean_square_readers = mean_squares_of({values}).reader;
    const double sum = result.mean_square_readers + readers * shared;
    result.degrees = degrees_of(sum, result.mean_square_readers, readers - 1);
    result.random_readers = around(mean, sum / readers, result.degrees, level, trials);
    return result;
}

void add_tests(ReaderComparison& result, const Cells& cells, double level) {
    const double readers = static_cast<double>(cells.front().size());
    const double difference = mean_of(result.values[1]) - mean_of(result.values[0]);
    const auto& errors = result.errors;
    const double gap = std::max(0.0, errors.same_modality - errors.neither);
    const double of_cases = errors.variance - errors.same_reader + (readers - 1) * gap;
    result.fixed_readers = test_of(difference, 2 / readers * of_cases, std::nullopt, level);
    for (std::size_t j = 0; j < cells.front().size(); ++j) {
        const auto &first = cells[0][j], &second = cells[1][j];
        const double variance =
            covariance_of(first, first) + covariance_of(second, second) - 2 * covariance_of(first, second);
        result.by_reader.push_back(test_of(second.value - first.value, variance, std::nullopt, level));
    }
    if (cells.front().size() < 2) return;
    const double square = result.mean_squares.modality_by_reader, sum = square + readers * gap;
    result.random_readers =
        test_of(difference, 2 / readers * sum, degrees_of(sum, square, readers - 1), level);
    result.fixed_cases = test_of(difference, 2 / readers * square, readers - 1, level);
    result.components.modality_by_reader =
        square - errors.variance + errors.same_reader + errors.same_modality - errors.neither;
    result.components.reader =
        (result.mean_squares.reader - square) / 2 - errors.same_reader + errors.neither;
}

Status check_ratings(const CrossedRatings& crossed) {
    const auto& ratings = crossed.ratings;
    if (ratings.empty() || ratings.size() > 2 || ratings.front().empty())
        return fail("unpaired", "one modality or two are compared, and one reader at least");
    for (const auto& modality : ratings) {
        if (modality.size() != ratings.front().size())
            return fail("unpaired", "the modalities were not read by the same readers");
        for (const auto& cases : modality) {
            if (cases.size() != crossed.positive.size())
                return fail("unpaired", "not every reader rated every case in every modality");
            if (!std::ranges::all_of(cases, [](double rating) { return std::isfinite(rating); }))
                return fail("not_finite", "a rating is no finite number");
        }
    }
    return {};
}

Status check_case_numbers(const CrossedRatings& crossed, FigureOfMerit figure) {
    const auto positive = std::ranges::count(crossed.positive, true);
    const auto negative = std::ranges::count(crossed.positive, false);
    const bool few = figure == FigureOfMerit::mean          ? positive + negative < 2
                     : figure == FigureOfMerit::sensitivity ? positive < 2
                     : figure == FigureOfMerit::specificity ? negative < 2
                                                            : std::min(positive, negative) < 2;
    if (!few) return {};
    return fail(
        "too_few_cases",
        "{} cases with the finding and {} without it were read by all in all modalities: the comparison "
        "needs two of each kind that its figure is made of",
        positive, negative);
}

}  // namespace

Result<ReaderComparison> compare_readers(const CrossedRatings& crossed, const ComparisonSettings& settings) {
    if (auto status = check_ratings(crossed); !status) return tl::unexpected(status.error());
    if (auto status = check_case_numbers(crossed, settings.figure); !status)
        return tl::unexpected(status.error());
    Cells cells;
    for (const auto& modality : crossed.ratings) {
        auto& row = cells.emplace_back();
        for (const auto& ratings : modality)
            row.push_back(settings.figure == FigureOfMerit::area
                              ? area_cell(crossed.positive, ratings, settings.method)
                              : mean_cell(crossed.positive, ratings, settings.figure));
    }
    ReaderComparison result;
    result.cases = cells.front().front().errors.size();
    for (const auto& row : cells) {
        auto& values = result.values.emplace_back();
        for (const auto& cell : row) values.push_back(cell.value);
        result.modalities.push_back(
            modality_mean(row, trials_of(crossed.positive, settings.figure), settings.level));
    }
    result.errors = error_covariances(cells);
    result.mean_squares = mean_squares_of(result.values);
    if (cells.size() == 2) add_tests(result, cells, settings.level);
    return result;
}

}  // namespace hilum::readers
