#include "evaluation/report/page_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hilum::evaluation {
namespace {

using Style = PlotSeries::Style;
using Rows = std::vector<std::vector<std::string>>;

// Said in words where there is no figure, so that nobody takes a sign for one.
std::string told(const std::optional<statistics::Estimate>& estimate) {
    return estimate ? figure_text(estimate) : "too few images";
}

}  // namespace

bool says_it_all(const ScoredSet& set, std::size_t label) {
    return set.exclusive && set.labels.size() == 2 && label == 0;
}

std::vector<const LabelFigures*> shown(const EvaluatedSet& set) {
    std::vector<const LabelFigures*> labels;
    for (std::size_t i = 0; i < set.figures.labels.size(); ++i)
        if (!says_it_all(set.scored, i)) labels.push_back(&set.figures.labels[i]);
    return labels;
}

std::string node_words(const ScoredSet& set) {
    if (set.node_configuration.empty())
        return "No configuration of a node was named: images were read by the default settings, and the "
               "thresholds are the package's.";
    std::string own;
    for (const auto& [label, threshold] : set.site_thresholds)
        own += fmt::format("{}{} {:g}", own.empty() ? "" : ", ", label, threshold);
    return fmt::format("Images were read by the site's rules and limits of {}; the thresholds are {}.",
                       set.node_configuration,
                       own.empty() ? "the package's" : "the package's but for that file's (" + own + ")");
}

std::string image_words(const EvaluatedSet& set) {
    std::size_t unscored = 0;
    std::string why;
    for (const auto& [code, count] : set.figures.unscored) {
        unscored += count;
        why += fmt::format("{}{} {}", why.empty() ? "" : ", ", count, code);
    }
    auto words = fmt::format("{} images of {} patients", set.figures.cases, set.figures.patients);
    if (unscored > 0)
        words += fmt::format("; {} more were not analysed ({}) and are in no figure", unscored, why);
    return words + ".";
}

void warn_of_few(HtmlPage& page, const EvaluatedSet& set) {
    for (const auto* label : shown(set)) {
        const auto positive = label->counts.positive(), negative = label->counts.negative();
        if (positive == 0 || negative == 0)
            page.warning(fmt::format("{}: the set has {}: nothing can be said of how the model tells it.",
                                     label->label,
                                     positive == 0 ? "no image with it" : "no image without it"));
        else if (std::min(positive, negative) < few_cases)
            page.warning(fmt::format(
                "{}: only {} images {} it. The intervals are wide; do not rely on the "
                "figures without them.",
                label->label, std::min(positive, negative), positive < negative ? "with" : "without"));
    }
}

void add_summary(HtmlPage& page, const EvaluatedSet& set) {
    Rows rows;
    for (const auto* label : shown(set))
        rows.push_back({label->label,
                        fmt::format("{} / {}", label->counts.positive(), label->counts.negative()),
                        told(label->area), told(label->area_by_patient),
                        set.scored.exclusive ? "top class" : fmt::format("{:g}", label->threshold),
                        told(label->sensitivity), told(label->specificity)});
    page.table(
        "Area under the ROC curve with DeLong's interval and by bootstrap of patients; sensitivity and "
        "specificity at the deployed decision with Wilson's interval. 95 % intervals.",
        {"Finding", "With / without", "AUC", "AUC, by patient", "Decision", "Sensitivity", "Specificity"},
        rows);
}

void add_predictive_values(HtmlPage& page, const EvaluatedSet& set, bool stated) {
    Rows rows;
    for (std::size_t i = 0; i < set.figures.labels.size(); ++i) {
        const auto* const label = &set.figures.labels[i];
        // A stated prevalence is one of findings: that nothing is found is as frequent as it is.
        const bool meant = !says_it_all(set.scored, i) && (!stated || set.scored.is_finding(i));
        if (!meant || !label->predictive) continue;
        rows.push_back({label->label, number_text(label->prevalence),
                        figure_text(label->predictive->positive), figure_text(label->predictive->negative)});
    }
    if (rows.empty()) return;
    page.table(
        stated
            ? "Predictive values at the stated prevalence."
            : "Predictive values at the prevalence of this set, which is hardly that of the place where the "
              "model will work: state it with --prevalence.",
        {"Finding", "Prevalence", "PPV", "NPV"}, rows);
}

void add_confusion(HtmlPage& page, const EvaluatedSet& set) {
    const auto& figures = set.figures;
    if (figures.confusion.empty()) return;
    std::vector<std::string> head{"Truth"};
    for (const auto& answer : figures.answers) head.push_back("called " + answer);
    Rows rows;
    for (std::size_t i = 0; i < figures.confusion.size(); ++i) {
        std::vector<std::string> row{set.scored.labels[i]};
        for (const auto count : figures.confusion[i]) row.push_back(std::to_string(count));
        rows.push_back(std::move(row));
    }
    page.table("Confusion matrix.", head, rows);
    page.paragraph(fmt::format("Right: {}. Got a diagnosis: {}; of these right: {}.",
                               figure_text(figures.accuracy), figure_text(figures.determinate),
                               figure_text(figures.accuracy_of_determinate)));
}

Plot roc_plot(const EvaluatedSet& set) {
    Plot plot{"ROC curves", {"1 - specificity"}, {"sensitivity"}, {}};
    for (const auto* label : shown(set)) {
        if (label->roc.empty()) continue;
        PlotSeries series{
            fmt::format("{}, AUC {}", label->label, label->area ? number_text(label->area->value) : "-"),
            Style::line,
            {}};
        for (const auto& point : label->roc)
            series.points.push_back({1 - point.specificity, point.sensitivity});
        plot.series.push_back(std::move(series));
    }
    plot.series.push_back({"chance", Style::dashed, {{0, 0}, {1, 1}}});
    return plot;
}

Plot reliability_plot(const EvaluatedSet& set) {
    Plot plot{"Reliability", {"probability that the model says"}, {"share that has the finding"}, {}};
    for (const auto* label : shown(set)) {
        PlotSeries series{label->label, Style::bars, {}};
        for (const auto& bin : label->reliability) {
            if (bin.cases == 0) continue;
            const auto cases = static_cast<std::int64_t>(bin.cases);
            const auto positive = std::llround(bin.observed * static_cast<double>(bin.cases));
            const auto interval = statistics::wilson(positive, cases).interval;
            series.points.push_back({bin.mean_probability, bin.observed, interval.low, interval.high});
        }
        plot.series.push_back(std::move(series));
    }
    plot.series.push_back({"calibrated", Style::dashed, {{0, 0}, {1, 1}}});
    return plot;
}

void add_subgroups(HtmlPage& page, const EvaluatedSet& set) {
    if (set.subgroups.empty()) {
        page.paragraph(
            "The set names no view, sex, age, manufacturer or site that differs: no subgroup could be "
            "looked at.");
        return;
    }
    for (std::size_t i = 0; i < set.scored.labels.size(); ++i) {
        if (says_it_all(set.scored, i)) continue;
        Rows rows;
        for (const auto& group : set.subgroups) {
            const auto& label = group.labels[i];
            rows.push_back({group.attribute + ": " + group.value,
                            fmt::format("{} / {}", label.counts.positive(), label.counts.negative()),
                            std::to_string(group.patients), told(label.area), told(label.sensitivity),
                            told(label.specificity)});
        }
        page.table(set.scored.labels[i],
                   {"Group", "With / without", "Patients", "AUC", "Sensitivity", "Specificity"}, rows);
    }
    page.paragraph(
        "Many groups are looked at: one in twenty differs by chance alone. A group with few images says "
        "nothing, whatever its figure.");
}

}  // namespace hilum::evaluation
