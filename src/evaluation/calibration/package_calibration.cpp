#include "evaluation/calibration/package_calibration.h"

#include <algorithm>
#include <cmath>

#include "evaluation/figures/halving.h"
#include "evaluation/statistics/calibration_measures.h"
#include "evaluation/statistics/calibrators.h"
#include "evaluation/statistics/conformal.h"

namespace hilum::evaluation {
namespace {

using model::Activation;
using Cases = std::vector<const ScoredCase*>;
using LabelValues = std::vector<std::vector<double>>;  // one for each case, a value for each label

Status check(const ScoredSet& set, Activation activation, const CalibrationWishes& wishes) {
    if (set.cases.empty()) return fail("too_few_cases", "{}: the model gave a result for no image", set.set);
    if (wishes.method == "temperature" && activation == Activation::none)
        return fail("calibration",
                    "a temperature divides logits, which this model does not give: use platt or isotonic");
    if (wishes.coverage && !set.exclusive)
        return fail("calibration",
                    "prediction sets are for classes that exclude each other; this model's findings are "
                    "independent: choose thresholds instead");
    if (wishes.aim && set.exclusive)
        return fail("calibration",
                    "thresholds are for independent findings; of classes that exclude each other the "
                    "highest is the diagnosis: choose a coverage instead");
    return {};
}

std::size_t truth_of(const ScoredCase& one) {
    return static_cast<std::size_t>(std::ranges::find(one.truth, true) - one.truth.begin());
}

Result<double> temperature_of(const ScoredSet& set, const Cases& cases, Activation activation) {
    std::vector<statistics::LabelledLogits> logits;
    for (const auto* one : cases) {
        if (activation == Activation::softmax) {
            logits.push_back({one->outputs, truth_of(*one)});
            continue;
        }
        // A sigmoid of x is the softmax of x and 0: every finding of every image is a case.
        for (std::size_t label = 0; label < set.labels.size(); ++label)
            logits.push_back({{one->outputs[label], 0}, one->truth[label] ? 0U : 1U});
    }
    return statistics::fit_temperature(logits);
}

Status fit_label(model::Calibration& calibration, const Cases& cases, const LabelValues& scores,
                 std::size_t label) {
    const bool platt = calibration.method == "platt";
    std::vector<statistics::LabelledScore> labelled;
    for (std::size_t i = 0; i < cases.size(); ++i)
        labelled.push_back({platt ? model::log_odds(scores[i][label]) : scores[i][label],
                            static_cast<bool>(cases[i]->truth[label])});
    if (platt) {
        auto fitted = statistics::fit_platt(labelled);
        if (!fitted) return tl::unexpected(fitted.error());
        // A falling line would turn the model round: its scores tell nothing here, and are left as they are.
        if (fitted->slope < 0)
            return fail("calibration",
                        "on these images a higher score means less of the finding: look at the labels");
        calibration.platt.push_back(*fitted);
        return {};
    }
    auto fitted = statistics::fit_isotonic(labelled);
    if (!fitted) return tl::unexpected(fitted.error());
    calibration.isotonic.push_back(std::move(*fitted));
    return {};
}

LabelValues activations_of(const Cases& cases, Activation activation) {
    LabelValues rows;
    for (const auto* one : cases) rows.push_back(model::activated(activation, one->outputs));
    return rows;
}

LabelValues probabilities_of(const Cases& cases, Activation activation,
                             const model::Calibration& calibration) {
    LabelValues rows;
    for (const auto* one : cases)
        rows.push_back(model::probabilities_of(calibration, activation, one->outputs));
    return rows;
}

Result<model::Calibration> fitted_on(const Cases& cases, const ScoredSet& set, Activation activation,
                                     const CalibrationWishes& wishes) {
    model::Calibration calibration;
    calibration.method = wishes.method;
    calibration.set = set.set;
    if (wishes.method == "temperature") {
        const auto temperature = temperature_of(set, cases, activation);
        if (!temperature) return tl::unexpected(temperature.error());
        calibration.value = *temperature;
        return calibration;
    }
    const auto scores = activations_of(cases, activation);
    for (std::size_t label = 0; label < set.labels.size(); ++label)
        if (auto status = fit_label(calibration, cases, scores, label); !status)
            return fail(status.error().code, "{}: {}", set.labels[label], status.error().message);
    return calibration;
}

Result<model::PredictionSets> sets_of(const Cases& cases, const LabelValues& probabilities,
                                      const ScoredSet& set, double coverage) {
    std::vector<statistics::LabelledProbabilities> labelled;
    std::vector<std::size_t> of_class(set.labels.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        labelled.push_back({probabilities[i], truth_of(*cases[i])});
        ++of_class[labelled.back().truth];
    }
    const auto fewest = std::ranges::min_element(of_class);
    if (*fewest < statistics::cases_needed(coverage))
        return fail("too_few_cases",
                    "a coverage of {} needs {} images of each class in the second half; '{}' has {}",
                    coverage, statistics::cases_needed(coverage),
                    set.labels[static_cast<std::size_t>(fewest - of_class.begin())], *fewest);
    const auto fitted = statistics::fit_conformal(labelled, set.labels.size(), coverage);
    if (!fitted) return tl::unexpected(fitted.error());
    return model::PredictionSets{coverage, fitted->least, set.set};
}

Result<std::vector<statistics::OperatingPoint>> thresholds_of(const Cases& cases,
                                                              const LabelValues& probabilities,
                                                              const ScoredSet& set,
                                                              const statistics::Aim& aim) {
    std::vector<statistics::OperatingPoint> points;
    for (std::size_t label = 0; label < set.labels.size(); ++label) {
        statistics::Scores scores;
        for (std::size_t i = 0; i < cases.size(); ++i)
            (cases[i]->truth[label] ? scores.positive : scores.negative).push_back(probabilities[i][label]);
        const auto point = statistics::operating_point(scores, aim);
        if (!point) return fail(point.error().code, "{}: {}", set.labels[label], point.error().message);
        points.push_back(*point);
    }
    return points;
}

std::vector<CalibrationGain> gains_of(const Cases& cases, const LabelValues& before, const LabelValues& after,
                                      const ScoredSet& set) {
    std::vector<CalibrationGain> gains;
    for (std::size_t label = 0; label < set.labels.size(); ++label) {
        std::vector<statistics::Forecast> raw, calibrated;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            const bool truth = cases[i]->truth[label];
            raw.push_back({before[i][label], truth});
            calibrated.push_back({after[i][label], truth});
        }
        gains.push_back({set.labels[label], statistics::brier_score(raw), statistics::brier_score(calibrated),
                         statistics::expected_calibration_error(raw),
                         statistics::expected_calibration_error(calibrated)});
    }
    return gains;
}

}  // namespace

Result<FittedCalibration> fit_calibration(const ScoredSet& set, model::Activation activation,
                                          const CalibrationWishes& wishes) {
    if (auto status = check(set, activation, wishes); !status) return tl::unexpected(status.error());
    const auto halves = halved_by_patient(set, wishes.seed);
    if (halves.second.empty())
        return fail("too_few_cases",
                    "{}: all images are of one patient; a calibration needs two at the least", set.set);
    auto calibration = fitted_on(halves.first, set, activation, wishes);
    if (!calibration) return tl::unexpected(calibration.error());
    FittedCalibration fitted;
    fitted.first_half = halves.first.size();
    fitted.second_half = halves.second.size();
    const auto after = probabilities_of(halves.second, activation, *calibration);
    fitted.gains = gains_of(halves.second, activations_of(halves.second, activation), after, set);
    if (wishes.coverage) {
        auto sets = sets_of(halves.second, after, set, *wishes.coverage);
        if (!sets) return tl::unexpected(sets.error());
        fitted.sets = std::move(*sets);
    }
    if (wishes.aim) {
        auto points = thresholds_of(halves.second, after, set, *wishes.aim);
        if (!points) return tl::unexpected(points.error());
        fitted.thresholds = std::move(*points);
    }
    fitted.calibration = std::move(*calibration);
    return fitted;
}

}  // namespace hilum::evaluation
