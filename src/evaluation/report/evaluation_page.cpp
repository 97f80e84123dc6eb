#include "evaluation/report/evaluation_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/report/checklists.h"
#include "evaluation/report/page_parts.h"

namespace hilum::evaluation {
namespace {

using Style = PlotSeries::Style;
using Rows = std::vector<std::vector<std::string>>;

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
        const auto& area = label.area;
        rows.push_back({label.label, area ? figure_text(area->first.area) : "too few images",
                        area ? figure_text(area->second.area) : "too few images",
                        area ? p_words(area->p) : "-", discordant(label.among_positive, label.sensitivity),
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
        const bool worse = label.area && label.area->p < 0.05 && label.area->difference.value > 0;
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
         "deployed thresholds. " +
             node_words(set),
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
