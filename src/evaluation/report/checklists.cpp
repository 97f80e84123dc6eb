#include "evaluation/report/checklists.h"

#include <fmt/format.h>

namespace hilum::evaluation {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string events_of(const EvaluatedSet& set) {
    std::string words = fmt::format("{} images, {} patients", set.figures.cases, set.figures.patients);
    for (const auto& label : set.figures.labels)
        words += fmt::format(", {} with '{}'", label.counts.positive(), label.label);
    return words;
}

std::string flow_of(const EvaluatedSet& set) {
    std::string words = fmt::format("{} analysed", set.figures.cases);
    for (const auto& [code, count] : set.figures.unscored) words += fmt::format(", {} not: {}", count, code);
    return words;
}

Rows filled(const EvaluationReport& report) {
    const auto& set = report.set;
    Rows rows{
        {"TRIPOD+AI 12e", "performance measures",
         "area under the ROC curve, sensitivity, specificity, predictive values, Brier score, expected "
         "calibration "
         "error, calibration line, reliability and decision curves"},
        {"TRIPOD+AI 12g", "how predictions were calculated",
         fmt::format("by {} with {} {}, weights {}", report.program, set.scored.model, set.scored.version,
                     set.scored.sha256)},
        {"TRIPOD+AI 14", "fairness",
         set.subgroups.empty() ? "not assessed: the set names no attribute that differs"
                               : fmt::format("{} subgroups, see above", set.subgroups.size())},
        {"TRIPOD+AI 20a", "flow of participants", flow_of(set)},
        {"TRIPOD+AI 21", "participants and outcome events", events_of(set)},
        {"TRIPOD+AI 23a", "performance with confidence intervals",
         "see the tables; 95 % intervals throughout"},
        {"CLAIM", "statistical measures of significance and uncertainty",
         "DeLong's and Wilson's intervals, bootstrap by patient, McNemar's test"},
        {"CLAIM", "exclusions and their reasons", flow_of(set)},
        {"CLAIM", "failure analysis of wrongly classified cases",
         "predictions.csv beside this page has every image"},
    };
    if (report.external)
        rows.push_back(
            {"TRIPOD+AI 16, CLAIM", "evaluation on external data",
             fmt::format("{}: {}", report.external->set.scored.set, events_of(report.external->set))});
    return rows;
}

}  // namespace

void add_checklists(HtmlPage& page, const EvaluationReport& report) {
    page.heading("For a study report");
    page.text_table("Items of TRIPOD+AI and CLAIM 2024 that a program can fill.",
                    {"Item", "Asks for", "Here"}, filled(report));
    page.paragraph(
        "Left to people: the clinical question and intended use (TRIPOD+AI 3, 4), setting, dates and "
        "eligibility (5, 6), who read the reference standard and how (8), sample size (10), ethics and open "
        "science (17, 18), patient involvement (19), interpretation and limitations (25 to 27).");
    if (!report.external)
        page.warning(
            "No external validation: what a model does elsewhere is usually worse. Measure it on another "
            "hospital's images with --external.");
}

}  // namespace hilum::evaluation
