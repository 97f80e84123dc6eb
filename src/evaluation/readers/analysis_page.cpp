#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/readers/analysis_report.h"
#include "evaluation/report/html.h"
#include "evaluation/report/plot.h"

namespace hilum::readers {
namespace {

using evaluation::figure_text;
using evaluation::HtmlPage;
using evaluation::number_text;
using evaluation::Plot;
using evaluation::PlotSeries;
using Rows = std::vector<HtmlPage::Row>;

constexpr std::size_t few = 30, few_readers = 4, most_remarks = 200;

std::string p_text(double p) {
    return p < 0.0005 ? "< 0.001" : fmt::format("{:.3f}", p);
}

std::string modality_text(Modality modality) {
    return modality == Modality::aided ? "with the AI" : "without the AI";
}

Estimate exponential(const Estimate& log) {
    return {std::exp(log.value), {std::exp(log.interval.low), std::exp(log.interval.high)}};
}

void add_study(HtmlPage& page, const AnalysisReport& report) {
    const auto& study = report.study;
    const bool aided = study.compares();
    std::string design =
        study.design == Design::crossover
            ? fmt::format("crossover, two sessions at least {} days apart", study.washout_days)
        : study.design == Design::sequential ? "sequential: each case first without, then with the AI"
                                             : "one session without the AI";
    Rows rows{{"Study", study.id},
              {"Design", std::move(design)},
              {"Readers", fmt::format("{}", study.readers.size())},
              {"Cases", fmt::format("{}, one of each patient, from {}", study.cases.size(), study.set)}};
    if (aided) rows.push_back({"Model", study.model});
    rows.push_back({"Confidence", fmt::format("{} to {}", study.lowest(), study.scale)});
    rows.push_back({"Answers", fmt::format("{}", report.checked.answers.size())});
    rows.push_back({"Made", fmt::format("{} by {}", report.made_at, report.program)});
    page.text_table("The study", {"", ""}, rows);
    if (study.readers.size() < few_readers)
        page.warning(fmt::format(
            "Only {}: what holds for other readers too cannot be said well. Four readers are "
            "few, six or more are usual.",
            study.readers.size() == 1 ? "one reader" : fmt::format("{} readers", study.readers.size())));
}

void add_readers_table(HtmlPage& page, const FindingFigures& finding) {
    Rows rows;
    for (const auto& one : finding.readers)
        rows.push_back({one.reader, modality_text(one.modality),
                        fmt::format("{} / {}", one.counts.true_positive, one.counts.positive()),
                        figure_text(one.sensitivity),
                        fmt::format("{} / {}", one.counts.true_negative, one.counts.negative()),
                        figure_text(one.specificity), figure_text(one.area), std::to_string(one.unreadable)});
    page.table(
        "Each reader, with 95 % intervals (Wilson; areas: DeLong)",
        {"Reader", "Modality", "Found", "Sensitivity", "Rightly absent", "Specificity", "AUC", "Unreadable"},
        rows);
}

PlotSeries curve_series(const std::string& name, PlotSeries::Style style,
                        const std::vector<statistics::RocPoint>& curve) {
    PlotSeries series{name, style, {}};
    for (const auto& point : curve) series.points.push_back({1 - point.specificity, point.sensitivity});
    return series;
}

PlotSeries::Style style_of(Modality modality) {
    return modality == Modality::aided ? PlotSeries::Style::line : PlotSeries::Style::dashed;
}

Plot roc_plot(const std::string& title) {
    return {title, {"1 - specificity", 0, 1}, {"sensitivity", 0, 1}, {}};
}

void add_curves(HtmlPage& page, const FindingFigures& finding, const std::vector<Modality>& modalities) {
    std::vector<std::pair<std::string, std::string>> figures;
    auto mean = roc_plot("Mean ROC curves of " + finding.finding);
    for (const auto modality : modalities) {
        std::vector<std::vector<statistics::RocPoint>> curves;
        for (const auto& one : finding.readers)
            if (one.modality == modality && !one.curve.empty()) curves.push_back(one.curve);
        if (!curves.empty())
            mean.series.push_back(
                curve_series(modality_text(modality), style_of(modality), mean_curve(curves)));
    }
    if (mean.series.empty()) return;
    figures.emplace_back(svg_of(mean), "Mean of the readers (sensitivities at the same specificities)");
    for (const auto& name : finding.compared) {
        auto plot = roc_plot("ROC curves of " + name);
        for (const auto& one : finding.readers)
            if (one.reader == name && !one.curve.empty())
                plot.series.push_back(
                    curve_series(modality_text(one.modality), style_of(one.modality), one.curve));
        if (!plot.series.empty()) figures.emplace_back(svg_of(plot), name);
    }
    page.side_by_side(figures);
}

void add_forest(HtmlPage& page, const FindingFigures& finding) {
    if (!finding.area.result || finding.area.result->modalities.size() < 2) return;
    const auto& result = *finding.area.result;
    PlotSeries readers{"each reader", PlotSeries::Style::bars, {}};
    PlotSeries all{"all readers, random readers and cases", PlotSeries::Style::bars, {}};
    double widest = 0.05;
    const auto add = [&](PlotSeries& series, double x, const std::optional<DifferenceTest>& test) {
        if (!test) return;
        const auto& [value, interval] = test->difference;
        series.points.push_back({x, value, interval.low, interval.high});
        widest = std::max({widest, std::abs(interval.low), std::abs(interval.high)});
    };
    for (std::size_t j = 0; j < result.by_reader.size(); ++j)
        add(readers, static_cast<double>(j + 1), result.by_reader[j]);
    const double end = static_cast<double>(result.by_reader.size() + 1);
    add(all, end, result.random_readers);
    PlotSeries zero{"", PlotSeries::Style::dashed, {{0, 0}, {end + 1, 0}}};
    Plot plot{"Differences of the area of " + finding.finding,
              {"reader, in the order of the table", 0, end + 1},
              {"AUC with the AI less without", -widest, widest},
              {std::move(readers), std::move(all), std::move(zero)}};
    page.side_by_side(
        {{svg_of(plot), "What the AI changed, with 95 % intervals. Above the line it helped."}});
}

void add_comparisons(HtmlPage& page, const FindingFigures& finding) {
    Rows rows;
    for (const auto* comparison : {&finding.area, &finding.sensitivity, &finding.specificity}) {
        if (!comparison->result) {
            rows.push_back({comparison->what, "-", "-", "-", "-", "-"});
            continue;
        }
        const auto& result = *comparison->result;
        const auto mean = [&](std::size_t i) {
            const auto& one = result.modalities[i];
            return figure_text(one.random_readers ? one.random_readers : std::optional(one.fixed_readers));
        };
        if (result.modalities.size() < 2) {
            rows.push_back({comparison->what, mean(0), "-", "-", "-", "-"});
            continue;
        }
        const auto test_row = [&](const std::string& name, const std::optional<DifferenceTest>& test,
                                  bool means) {
            rows.push_back({name, means ? mean(0) : "", means ? mean(1) : "",
                            test ? figure_text(test->difference) : "-",
                            test && test->degrees ? fmt::format("{:.1f}", *test->degrees) : "-",
                            test ? p_text(test->p) : "-"});
        };
        if (result.random_readers)
            test_row(comparison->what + ": for other readers and cases", result.random_readers, true);
        test_row(comparison->what + ": for these readers, other cases", result.fixed_readers,
                 !result.random_readers);
        if (result.fixed_cases)
            test_row(comparison->what + ": for other readers, these cases", result.fixed_cases, false);
    }
    page.table(
        fmt::format(
            "All readers together (Obuchowski-Rockette, Hillis' degrees of freedom), on the {} cases that "
            "{} answered in every modality",
            finding.crossed,
            finding.compared.size() == 1 ? "one reader" : fmt::format("{} readers", finding.compared.size())),
        {"Figure", "Without the AI", "With the AI", "Difference", "Degrees", "p"}, rows);
}

void add_agreement(HtmlPage& page, const FindingFigures& finding) {
    Rows rows;
    for (const auto& agreement : finding.agreement) {
        if (agreement.pairs.size() > 1)
            rows.push_back({"all readers (Fleiss)", modality_text(agreement.modality),
                            std::to_string(agreement.cases), figure_text(agreement.fleiss, 2)});
        for (const auto& pair : agreement.pairs)
            rows.push_back({pair.first + " and " + pair.second, modality_text(agreement.modality),
                            std::to_string(pair.cases), figure_text(pair.kappa, 2)});
    }
    if (!rows.empty())
        page.table("How readers agree beyond chance (kappa of decisions)",
                   {"Readers", "Modality", "Cases", "Kappa"}, rows);
}

void add_needed_sizes(HtmlPage& page, const FindingFigures& finding) {
    if (!finding.area.result || !finding.area.result->random_readers) return;
    const double difference = finding.area.result->random_readers->difference.value;
    const double expected = std::max(0.03, std::abs(difference));
    Rows rows;
    for (const auto& size : needed_sizes(*finding.area.result, expected))
        rows.push_back(
            {std::to_string(size.readers), size.cases ? std::to_string(*size.cases) : "more than 5000"});
    page.table(
        fmt::format(
            "If this was a pilot: what a study needs to find a difference of {:.3f} in AUC with a chance "
            "of 80 % (Hillis, Obuchowski and Berbaum 2011), with the same share of cases with the finding",
            expected),
        {"Readers", "Cases"}, rows);
}

void add_finding(HtmlPage& page, const AnalysisReport& report, const FindingFigures& finding) {
    page.heading(finding.finding);
    page.paragraph(comparison_words(finding.area, finding.finding));
    if (std::min(finding.positive, finding.negative) < few)
        page.warning(fmt::format("Only {} cases {} it: the intervals are wide.",
                                 std::min(finding.positive, finding.negative),
                                 finding.positive < finding.negative ? "with" : "without"));
    add_comparisons(page, finding);
    add_curves(page, finding, report.figures.modalities);
    add_readers_table(page, finding);
    add_forest(page, finding);
    add_agreement(page, finding);
    add_needed_sizes(page, finding);
}

void add_time(HtmlPage& page, const AnalysisReport& report) {
    const auto& time = report.figures.time;
    const auto seconds = [](const std::optional<double>& value) {
        return value ? fmt::format("{:.1f}", *value) : "-";
    };
    page.heading("Reading time");
    page.paragraph(comparison_words(time.comparison, ""));
    Rows rows;
    const auto cells = [&](const std::string& name, const std::vector<std::optional<double>>& medians,
                           const std::string& pairs, const std::string& ratio) {
        HtmlPage::Row row{name, seconds(medians.front()), medians.size() > 1 ? seconds(medians[1]) : "-",
                          pairs, ratio};
        rows.push_back(std::move(row));
    };
    for (const auto& reader : time.readers)
        cells(reader.reader, reader.medians, std::to_string(reader.pairs), figure_text(reader.ratio, 2));
    const auto& result = time.comparison.result;
    std::optional<Estimate> all;
    if (result && result->random_readers) all = exponential(result->random_readers->difference);
    cells("all readers", time.medians, result ? std::to_string(result->cases) : "0", figure_text(all, 2));
    page.table(
        "Median seconds a case, and the ratio of times (with the AI over without, geometric mean of pairs)",
        {"Reader", "Without the AI", "With the AI", "Pairs", "Ratio"}, rows);
    if (report.study.design == Design::sequential)
        page.warning(
            "In a sequential study the time with the AI is what the second answer took on top of the first.");
}

void add_remarks(HtmlPage& page, const AnalysisReport& report) {
    page.heading("What does not count, and what to know");
    const auto& remarks = report.checked.remarks;
    if (remarks.empty()) {
        page.paragraph("Every answer that the study asked for is there, once and whole.");
        return;
    }
    Rows rows;
    for (std::size_t i = 0; i < std::min(remarks.size(), most_remarks); ++i)
        rows.push_back({remarks[i].code, remarks[i].excluded ? "excluded" : "told", remarks[i].words});
    page.text_table(remarks.size() > most_remarks
                        ? fmt::format("The first {} of {} (all: remarks.csv)", most_remarks, remarks.size())
                        : "All of it",
                    {"Code", "", "What"}, rows);
}

// Of a study without the AI.
std::string mean_words(const Comparison& comparison, const std::string& what) {
    const auto& mean = comparison.result->modalities.front();
    const auto& estimate = mean.random_readers ? *mean.random_readers : mean.fixed_readers;
    const bool time = comparison.what == "reading time";
    return fmt::format("Without the AI the {} was {}{} for {}.", what,
                       figure_text(time ? exponential(estimate) : estimate, time ? 1 : 3),
                       time ? " s (geometric mean)" : "",
                       mean.random_readers ? "other readers and cases" : "this reader and other cases");
}

}  // namespace

std::vector<NeededSize> needed_sizes(const ReaderComparison& pilot, double difference) {
    std::vector<NeededSize> sizes;
    for (const std::size_t readers : {3, 4, 5, 6, 8, 10, 15, 20})
        sizes.push_back({readers, cases_needed(pilot, difference, readers)});
    return sizes;
}

std::string comparison_words(const Comparison& comparison, const std::string& finding) {
    const std::string what = finding.empty() ? comparison.what : comparison.what + " for " + finding;
    if (!comparison.result) return fmt::format("The {} cannot be compared: {}.", what, comparison.why_not);
    const auto& result = *comparison.result;
    if (result.modalities.size() < 2) return mean_words(comparison, what);
    const bool other_readers = result.random_readers.has_value();
    const auto& test = other_readers ? result.random_readers : result.fixed_readers;
    if (!test) return fmt::format("The {} differs in a way that leaves nothing to test.", what);
    const char* whom = other_readers ? "for other readers and cases" : "for these readers and other cases";
    const bool time = comparison.what == "reading time";
    const auto change = time ? exponential(test->difference) : test->difference;
    const auto sure = test->p < 0.05 ? "more than chance would" : "no more than chance might";
    if (time)
        return fmt::format("With the AI a case took {} times as long ({} to {}), {}: {} (p {}{}).",
                           number_text(change.value, 2), number_text(change.interval.low, 2),
                           number_text(change.interval.high, 2), whom, sure, test->p < 0.0005 ? "" : "= ",
                           p_text(test->p));
    return fmt::format(
        "With the AI the {} {} by {} (95 % interval of the difference {} to {}), {}: {} (p {}{}).", what,
        change.value < 0 ? "fell" : "rose", number_text(std::abs(change.value)),
        number_text(change.interval.low), number_text(change.interval.high), whom, sure,
        test->p < 0.0005 ? "" : "= ", p_text(test->p));
}

std::string analysis_page(const AnalysisReport& report) {
    HtmlPage page("Reader study " + report.study.id);
    add_study(page, report);
    for (const auto& finding : report.figures.findings) add_finding(page, report, finding);
    add_time(page, report);
    add_remarks(page, report);
    page.heading("How to read this");
    page.list(
        {"The interval for other readers and cases is the one to report: it says what to expect of "
         "radiologists "
         "who were not in the study.",
         "Unreadable cases are in no figure of that reader, and in no comparison.",
         "A study's cases are hardly as frequent as in the clinic, so that predictive values are not shown.",
         "Several findings were tested without a correction for their number.",
         "Confidence is averaged over whole curves: an area can rise while decisions stay as they were."});
    return page.text();
}

}  // namespace hilum::readers
