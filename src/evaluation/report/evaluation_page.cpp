#include "evaluation/report/evaluation_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/report/checklists.h"
#include "evaluation/report/html.h"
#include "evaluation/report/plot.h"

namespace hilum::evaluation {
namespace {

using Style = PlotSeries::Style;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::int64_t few_cases = 30;  // of a kind: an interval below is too wide to rely on

// Where the two labels of a pair exclude each other, the second says what the first said.
bool says_it_all(const ScoredSet& set, std::size_t label) {
    return set.exclusive && set.labels.size() == 2 && label == 0;
}

std::vector<const LabelFigures*> shown(const EvaluatedSet& set) {
    std::vector<const LabelFigures*> labels;
    for (std::size_t i = 0; i < set.figures.labels.size(); ++i)
        if (!says_it_all(set.scored, i)) labels.push_back(&set.figures.labels[i]);
    return labels;
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
                        figure_text(label->area), figure_text(label->area_by_patient),
                        set.scored.exclusive ? "top class" : fmt::format("{:g}", label->threshold),
                        figure_text(label->sensitivity), figure_text(label->specificity)});
    page.table(
        "Area under the ROC curve with DeLong's interval and by bootstrap of patients; sensitivity and "
        "specificity at the deployed decision with Wilson's interval. 95 % intervals.",
        {"Finding", "With / without", "AUC", "AUC, by patient", "Decision", "Sensitivity", "Specificity"},
        rows);
}

void add_predictive_values(HtmlPage& page, const EvaluatedSet& set, bool stated) {
    Rows rows;
    for (const auto* label : shown(set)) {
        if (!label->predictive) continue;
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

Plot decision_plot(const LabelFigures& label) {
    Plot plot{"Decision curve of " + label.label, {"threshold probability"}, {"net benefit per image"}, {}};
    PlotSeries model{"by the model", Style::line, {}}, all{"everybody called positive", Style::dashed, {}};
    double highest = 0.02;
    for (const auto& point : label.decisions) {
        highest = std::max(highest, point.model);
        model.points.push_back({point.threshold, point.model});
        if (point.all > -highest / 4) all.points.push_back({point.threshold, point.all});
    }
    plot.y.low = -highest / 4;
    plot.y.high = highest * 1.1;
    plot.series = {std::move(model), std::move(all), {"nobody", Style::dashed, {{0, 0}, {1, 0}}}};
    return plot;
}

void add_calibration(HtmlPage& page, const EvaluatedSet& set) {
    page.heading("Whether probabilities hold");
    if (!set.scored.calibrated)
        page.warning(
            "This model is not calibrated: its scores are not called probabilities in reports, and the "
            "curves below say why. `hilum calibrate` makes a calibrated version.");
    Rows rows;
    for (const auto* label : shown(set))
        rows.push_back({label->label, number_text(label->brier), number_text(label->calibration_error),
                        label->calibration ? number_text(label->calibration->intercept, 2) : "-",
                        label->calibration ? number_text(label->calibration->slope, 2) : "-"});
    page.table(
        "Brier score and expected calibration error (0 is best); intercept (0) and slope (1) of the "
        "calibration line: a slope below 1 is overconfidence.",
        {"Finding", "Brier", "ECE", "Intercept", "Slope"}, rows);
}

void add_curves(HtmlPage& page, const EvaluatedSet& set) {
    std::vector<std::pair<std::string, std::string>> figures;
    figures.emplace_back(svg_of(roc_plot(set)), "How sensitivity is bought with false alarms.");
    figures.emplace_back(svg_of(reliability_plot(set)),
                         "What is said against what is observed, in bins, each with its 95 % interval.");
    for (const auto* label : shown(set))
        figures.emplace_back(
            svg_of(decision_plot(*label)),
            fmt::format("{}: what deciding by the model is worth, for each threshold at which one would "
                        "act (Vickers and Elkin 2006).",
                        label->label));
    page.side_by_side(figures);
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
                            std::to_string(group.patients), figure_text(label.area),
                            figure_text(label.sensitivity), figure_text(label.specificity)});
        }
        page.table(set.scored.labels[i],
                   {"Group", "With / without", "Patients", "AUC", "Sensitivity", "Specificity"}, rows);
    }
    page.paragraph(
        "Many groups are looked at: one in twenty differs by chance alone. A group with few images says "
        "nothing, whatever its figure.");
}

void add_comparison(HtmlPage& page, const ModelComparison& comparison) {
    page.heading(
        fmt::format("Against {} {} on the same images", comparison.other.model, comparison.other.version));
    Rows rows;
    for (const auto& label : comparison.labels) {
        page.paragraph(fmt::format("{}: {}", label.label, label.words));
        const auto discordant = [](const statistics::Discordance& d, const statistics::McNemar& test) {
            return fmt::format("{} : {} ({})", d.first_alone, d.second_alone,
                               p_words(d.first_alone + d.second_alone < 25 ? test.exact_p : test.p));
        };
        rows.push_back({label.label, figure_text(label.area.first.area), figure_text(label.area.second.area),
                        p_words(label.area.p), discordant(label.among_positive, label.sensitivity),
                        discordant(label.among_negative, label.specificity)});
    }
    page.table(
        "DeLong's test of the areas; right by the first alone : right by the second alone with McNemar's "
        "test, "
        "among images with and without the finding.",
        {"Finding", "AUC", "AUC of the other", "DeLong", "McNemar, with", "McNemar, without"}, rows);
}

void add_external(HtmlPage& page, const ExternalValidation& external) {
    page.heading("Elsewhere: " + external.set.scored.set);
    page.paragraph(image_words(external.set));
    for (const auto& label : external.labels) {
        if (says_it_all(external.set.scored,
                        static_cast<std::size_t>(std::ranges::find(external.set.scored.labels, label.label) -
                                                 external.set.scored.labels.begin())))
            continue;
        const bool worse = label.area.p < 0.05 && label.area.difference.value > 0;
        const auto words = fmt::format("{}: {}", label.label, label.words);
        if (worse)
            page.warning(words);
        else
            page.paragraph(words);
    }
    warn_of_few(page, external.set);
    add_summary(page, external.set);
    add_confusion(page, external.set);
    add_curves(page, external.set);
    add_subgroups(page, external.set);
}

void add_how(HtmlPage& page, const EvaluationReport& report) {
    page.heading("How this was measured");
    const auto& set = report.set.scored;
    page.list(
        {fmt::format("Model {} {}, SHA-256 of the weights {}.", set.model, set.version, set.sha256),
         "Every image was decoded and prepared by the programs that do it in production, and judged by the "
         "deployed thresholds.",
         fmt::format("Bootstrap: {} rounds that draw whole patients, seed {}.",
                     report.settings.bootstrap_rounds, report.settings.seed),
         "An indeterminate answer counts as neither finding: it lowers sensitivity, never specificity.",
         fmt::format("{}, {}.", report.program, report.made_at)});
}

}  // namespace

std::string evaluation_page(const EvaluationReport& report) {
    const auto& set = report.set;
    HtmlPage page(fmt::format("{} {} on {}", set.scored.model, set.scored.version, set.scored.set));
    page.paragraph(image_words(set));
    warn_of_few(page, set);
    add_summary(page, set);
    add_predictive_values(page, set, report.settings.prevalence.has_value());
    add_confusion(page, set);
    page.heading("Curves");
    add_curves(page, set);
    add_calibration(page, set);
    page.heading("Groups of patients");
    add_subgroups(page, set);
    if (report.comparison) add_comparison(page, *report.comparison);
    if (report.external) add_external(page, *report.external);
    add_how(page, report);
    add_checklists(page, report);
    return page.text();
}

}  // namespace hilum::evaluation
