#include "evaluation/figures/measure.h"

#include <algorithm>
#include <set>

#include "evaluation/statistics/bootstrap.h"

namespace hilum::evaluation {
namespace {

using statistics::Counts;
using statistics::Estimate;

constexpr int decision_steps = 99;  // thresholds from 0.01 to 0.99

using Indices = std::span<const std::size_t>;

Counts counts_of(const ScoredSet& set, std::size_t label, Indices cases) {
    Counts counts;
    for (const auto index : cases) {
        const auto& one = set.cases[index];
        const bool positive = one.positive[label], truth = one.truth[label];
        ++(truth ? (positive ? counts.true_positive : counts.false_negative)
                 : (positive ? counts.false_positive : counts.true_negative));
    }
    return counts;
}

Indices all_of(const ScoredSet& set, std::vector<std::size_t>& indices) {
    for (std::size_t i = 0; i < set.cases.size(); ++i) indices.push_back(i);
    return indices;
}

statistics::Scores scores_among(const ScoredSet& set, std::size_t label, Indices cases) {
    statistics::Scores scores;
    for (const auto index : cases) {
        const auto& one = set.cases[index];
        (one.truth[label] ? scores.positive : scores.negative).push_back(one.probabilities[label]);
    }
    return scores;
}

std::vector<statistics::Forecast> forecasts_of(const ScoredSet& set, std::size_t label) {
    std::vector<statistics::Forecast> forecasts;
    for (const auto& one : set.cases)
        forecasts.push_back({one.probabilities[label], static_cast<bool>(one.truth[label])});
    return forecasts;
}

std::vector<DecisionPoint> decision_curve(const std::vector<statistics::Forecast>& forecasts) {
    std::vector<DecisionPoint> curve;
    for (int step = 1; step <= decision_steps; ++step) {
        const double threshold = static_cast<double>(step) / (decision_steps + 1);
        Counts counts;
        for (const auto& one : forecasts) {
            const bool called = one.probability >= threshold;
            ++(one.positive ? (called ? counts.true_positive : counts.false_negative)
                            : (called ? counts.false_positive : counts.true_negative));
        }
        curve.push_back({threshold, statistics::net_benefit(counts, threshold),
                         statistics::net_benefit_of_calling_all(counts, threshold)});
    }
    return curve;
}

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(whole);
}

// Predictive values where the finding is as frequent as `prevalence`; empty where nothing is called so.
std::optional<double> ppv_of(const Counts& counts, double prevalence) {
    const auto sensitivity = ratio(counts.true_positive, counts.positive());
    const auto specificity = ratio(counts.true_negative, counts.negative());
    if (!sensitivity || !specificity) return std::nullopt;
    const double right = *sensitivity * prevalence, wrong = (1 - *specificity) * (1 - prevalence);
    if (right + wrong <= 0) return std::nullopt;
    return right / (right + wrong);
}

std::optional<double> npv_of(const Counts& counts, double prevalence) {
    // The other way round: whatever is called negative is what is looked for.
    return ppv_of({counts.true_negative, counts.false_negative, counts.true_positive, counts.false_positive},
                  1 - prevalence);
}

using Estimates = std::vector<std::optional<Estimate>>;

Estimates by_patient(const std::vector<std::string>& patients, std::span<const statistics::Figure> of_samples,
                     const MeasureSettings& settings) {
    Estimates estimates;
    for (const auto& result : statistics::bootstrap_by_patient(
             patients, of_samples, {settings.bootstrap_rounds, settings.seed, settings.level}))
        estimates.push_back(result ? std::optional(result->estimate) : std::nullopt);
    return estimates;
}

std::vector<std::string> patients_of(const ScoredSet& set) {
    std::vector<std::string> patients;
    for (const auto& one : set.cases) patients.push_back(one.facts.patient);
    return patients;
}

void add_bootstrap(LabelFigures& figures, const ScoredSet& set, std::size_t label,
                   const MeasureSettings& settings) {
    if (settings.bootstrap_rounds <= 0) return;
    using OfCounts = std::optional<double> (*)(const Counts& counts, double prevalence);
    const auto of_counts = [&](OfCounts figure) {
        return [&set, label, figure, prevalence = figures.prevalence](Indices cases) {
            return figure(counts_of(set, label, cases), prevalence);
        };
    };
    const statistics::Figure of_samples[] = {[&](Indices cases) -> std::optional<double> {
                                                 const auto scores = scores_among(set, label, cases);
                                                 if (scores.positive.empty() || scores.negative.empty())
                                                     return std::nullopt;
                                                 return statistics::area_under_curve(scores);
                                             },
                                             of_counts([](const Counts& counts, double) {
                                                 return ratio(counts.true_positive, counts.positive());
                                             }),
                                             of_counts([](const Counts& counts, double) {
                                                 return ratio(counts.true_negative, counts.negative());
                                             }),
                                             of_counts(ppv_of), of_counts(npv_of)};
    const auto estimates = by_patient(patients_of(set), of_samples, settings);
    figures.area_by_patient = estimates[0];
    figures.sensitivity_by_patient = estimates[1];
    figures.specificity_by_patient = estimates[2];
    figures.ppv_by_patient = estimates[3];
    figures.npv_by_patient = estimates[4];
}

void add_calibration(LabelFigures& figures, const std::vector<statistics::Forecast>& forecasts,
                     const MeasureSettings& settings) {
    figures.brier = statistics::brier_score(forecasts);
    for (const auto& one : forecasts)
        figures.mean_probability += one.probability / static_cast<double>(forecasts.size());
    figures.calibration_error = statistics::expected_calibration_error(forecasts, settings.bins);
    figures.reliability = statistics::reliability_curve(forecasts, settings.bins);
    figures.decisions = decision_curve(forecasts);
    if (figures.counts.positive() > 0 && figures.counts.negative() > 0)
        figures.calibration = statistics::calibration_line(forecasts);
}

LabelFigures figures_of(const ScoredSet& set, std::size_t label, const MeasureSettings& settings) {
    auto figures = summary_of(set, label, settings.level).value();
    const double own = static_cast<double>(figures.counts.positive()) / static_cast<double>(set.cases.size());
    figures.prevalence = settings.prevalence.value_or(own);
    figures.predictive = statistics::predictive_values(figures.counts, figures.prevalence, settings.level);
    const auto scores = scores_of(set, label);
    if (!scores.positive.empty() && !scores.negative.empty()) figures.roc = statistics::roc_curve(scores);
    add_bootstrap(figures, set, label, settings);
    add_calibration(figures, forecasts_of(set, label), settings);
    return figures;
}

std::size_t true_label(const ScoredCase& one) {
    return static_cast<std::size_t>(std::ranges::find(one.truth, true) - one.truth.begin());
}

bool is_determinate(const ScoredSet& set, const ScoredCase& one) {
    return std::ranges::find(set.labels, one.diagnosis) != set.labels.end();
}

bool is_right(const ScoredSet& set, const ScoredCase& one) {
    return one.diagnosis == set.labels[true_label(one)];
}

using Holds = bool (*)(const ScoredSet& set, const ScoredCase& one);

void add_bootstrap_of_answers(Figures& figures, const ScoredSet& set, const MeasureSettings& settings) {
    if (settings.bootstrap_rounds <= 0) return;
    const auto share_that = [&set](Holds holds) {
        return [&set, holds](Indices cases) {
            const auto held =
                std::ranges::count_if(cases, [&](std::size_t index) { return holds(set, set.cases[index]); });
            return ratio(held, std::ssize(cases));
        };
    };
    const statistics::Figure of_samples[] = {share_that(is_right), share_that(is_determinate)};
    const auto estimates = by_patient(patients_of(set), of_samples, settings);
    figures.accuracy_by_patient = estimates[0];
    figures.determinate_by_patient = estimates[1];
}

void add_confusion(Figures& figures, const ScoredSet& set, double level) {
    figures.answers = set.labels;
    std::int64_t right = 0, determinate = 0;
    const auto all = static_cast<std::int64_t>(set.cases.size());
    figures.confusion.resize(set.labels.size());
    for (const auto& one : set.cases) {
        auto answer = std::ranges::find(figures.answers, one.diagnosis) - figures.answers.begin();
        if (answer == std::ssize(figures.answers)) figures.answers.push_back(one.diagnosis);
        auto& row = figures.confusion[true_label(one)];
        row.resize(std::max(row.size(), static_cast<std::size_t>(answer) + 1));
        ++row[static_cast<std::size_t>(answer)];
        determinate += answer < std::ssize(set.labels);
        right += static_cast<std::size_t>(answer) == true_label(one);
    }
    for (auto& row : figures.confusion) row.resize(figures.answers.size());
    figures.accuracy = statistics::wilson(right, all, level);
    figures.determinate = statistics::wilson(determinate, all, level);
    if (determinate > 0) figures.accuracy_of_determinate = statistics::wilson(right, determinate, level);
}

}  // namespace

statistics::Scores scores_of(const ScoredSet& set, std::size_t label) {
    std::vector<std::size_t> indices;
    return scores_among(set, label, all_of(set, indices));
}

std::optional<LabelFigures> summary_of(const ScoredSet& set, std::size_t label, double level) {
    if (set.cases.empty()) return std::nullopt;
    LabelFigures figures;
    figures.label = set.labels[label];
    figures.threshold = set.thresholds[label];
    std::vector<std::size_t> indices;
    figures.counts = counts_of(set, label, all_of(set, indices));
    std::set<std::string_view> with, without;
    for (const auto& one : set.cases) (one.truth[label] ? with : without).insert(one.facts.patient);
    figures.patients_with = with.size();
    figures.patients_without = without.size();
    figures.sensitivity = statistics::sensitivity(figures.counts, level);
    figures.specificity = statistics::specificity(figures.counts, level);
    if (const auto area = statistics::delong(scores_of(set, label), level)) figures.area = area->area;
    return figures;
}

Result<Figures> measure(const ScoredSet& set, const MeasureSettings& settings) {
    if (set.cases.empty())
        return fail("too_few_cases", "{}: the model gave a result for none of its {} images", set.set,
                    set.unscored.size());
    Figures figures;
    figures.cases = set.cases.size();
    std::set<std::string> patients;
    for (const auto& one : set.cases) patients.insert(one.facts.patient);
    figures.patients = patients.size();
    for (const auto& one : set.unscored) ++figures.unscored[one.code];
    for (std::size_t label = 0; label < set.labels.size(); ++label)
        figures.labels.push_back(figures_of(set, label, settings));
    if (set.exclusive) {
        add_confusion(figures, set, settings.level);
        add_bootstrap_of_answers(figures, set, settings);
    }
    return figures;
}

std::optional<Estimate> analysed_by_patient(const ScoredSet& set, const std::vector<std::string>& left_out,
                                            const MeasureSettings& settings) {
    if (settings.bootstrap_rounds <= 0) return std::nullopt;
    auto patients = patients_of(set);
    const auto analysed = patients.size();
    for (const auto& one : set.unscored) patients.push_back(one.facts.patient);
    patients.insert(patients.end(), left_out.begin(), left_out.end());
    const statistics::Figure share = [&](Indices images) {
        return ratio(std::ranges::count_if(images, [&](std::size_t image) { return image < analysed; }),
                     std::ssize(images));
    };
    return by_patient(patients, std::span(&share, 1), settings).front();
}

}  // namespace hilum::evaluation
