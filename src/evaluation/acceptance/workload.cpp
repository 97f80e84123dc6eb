#include "evaluation/acceptance/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "contract/analysis.h"

namespace hilum::evaluation {
namespace {

using statistics::Counts;
using statistics::Estimate;

constexpr double images_of_work = 1000;

// What did not get a diagnosis, and the decisions about the rest.
struct Undecided {
    std::int64_t positive = 0, negative = 0;
    Counts rest;
};

Undecided undecided_of(const ScoredSet& set, std::size_t label) {
    Undecided undecided;
    for (const auto& one : set.cases) {
        const bool truth = one.truth[label], positive = one.positive[label];
        if (one.diagnosis == indeterminate) {
            ++(truth ? undecided.positive : undecided.negative);
            continue;
        }
        auto& rest = undecided.rest;
        ++(truth ? (positive ? rest.true_positive : rest.false_negative)
                 : (positive ? rest.false_positive : rest.true_negative));
    }
    return undecided;
}

double part_of(std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
}

// `base` + `slope` x, for x the figure and both ends of its interval; in images of a thousand.
Estimate scaled(const Estimate& estimate, double base, double slope) {
    const auto of = [&](double x) { return images_of_work * (base + slope * x); };
    const double one = of(estimate.interval.low), other = of(estimate.interval.high);
    return {of(estimate.value), {std::min(one, other), std::max(one, other)}};
}

Estimate sum(const Estimate& a, const Estimate& b) {
    return {a.value + b.value, {a.interval.low + b.interval.low, a.interval.high + b.interval.high}};
}

std::string count_words(const std::optional<Estimate>& count) {
    return fmt::format("{:.0f} ({:.0f} to {:.0f})", count->value, count->interval.low, count->interval.high);
}

}  // namespace

std::vector<Workload> workload_of(const EvaluatedSet& set) {
    std::vector<Workload> all;
    for (std::size_t label = 0; label < set.scored.labels.size(); ++label) {
        if (!set.scored.is_finding(label)) continue;
        const auto& figures = set.figures.labels[label];
        Workload work;
        work.label = figures.label;
        work.prevalence = figures.prevalence;
        if (!figures.sensitivity || !figures.specificity) {
            work.words =
                fmt::format("What '{}' would mean for the work cannot be told: the set has no image {} it.",
                            work.label, figures.sensitivity ? "without" : "with");
            all.push_back(std::move(work));
            continue;
        }
        const double rate = work.prevalence;
        work.true_alarms = scaled(*figures.sensitivity, 0, rate);
        work.alarms = sum(*work.true_alarms, scaled(*figures.specificity, 1 - rate, rate - 1));
        work.misses = scaled(*figures.sensitivity, rate, -rate);
        const auto undecided = undecided_of(set.scored, label);
        work.indeterminate_misses =
            images_of_work * rate * part_of(undecided.positive, figures.counts.positive());
        work.indeterminate =
            *work.indeterminate_misses +
            images_of_work * (1 - rate) * part_of(undecided.negative, figures.counts.negative());
        work.sensitivity_of_rest = statistics::sensitivity(undecided.rest);
        work.specificity_of_rest = statistics::specificity(undecided.rest);
        work.words = fmt::format(
            "Of 1,000 images, {:.0f} of them with '{}', it calls {} positive, {:.0f} of them rightly, and "
            "misses {}.",
            images_of_work * rate, work.label, count_words(work.alarms), work.true_alarms->value,
            count_words(work.misses));
        if (*work.indeterminate > 0)
            work.words += fmt::format(
                " It answers {:.0f} with \"indeterminate\"; {:.0f} of the missed are among these.",
                *work.indeterminate, *work.indeterminate_misses);
        all.push_back(std::move(work));
    }
    return all;
}

std::vector<AnswerShare> answers_of(const ScoredSet& set) {
    std::map<std::string, std::size_t> counts;
    for (const auto& one : set.cases) ++counts[one.diagnosis];
    std::vector<AnswerShare> answers;
    for (const auto& [answer, count] : counts)
        answers.push_back(
            {answer, count, statistics::wilson(static_cast<std::int64_t>(count), std::ssize(set.cases))});
    std::ranges::stable_sort(answers, std::ranges::greater(), &AnswerShare::images);
    return answers;
}

}  // namespace hilum::evaluation
