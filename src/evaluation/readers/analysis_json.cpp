#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "evaluation/dataset/csv.h"
#include "evaluation/readers/analysis_report.h"

namespace hilum::readers {
namespace {

using nlohmann::json;

json json_of(const Estimate& estimate) {
    return {{"value", estimate.value}, {"interval", {estimate.interval.low, estimate.interval.high}}};
}

json json_of(const std::optional<Estimate>& estimate) {
    return estimate ? json_of(*estimate) : json();
}

json json_of(const std::optional<double>& number) {
    return number ? json(*number) : json();
}

json json_of(const std::optional<DifferenceTest>& test) {
    if (!test) return {};
    return {{"difference", json_of(test->difference)},
            {"standard_error", test->standard_error},
            {"degrees_of_freedom", json_of(test->degrees)},
            {"statistic", test->statistic},
            {"p", test->p}};
}

// Dorfman, Berbaum and Metz' components of the same data (Hillis et al. 2005): of pseudovalues, of which
// there is one for each case.
json pseudovalue_components(const ReaderComparison& result) {
    const double cases = static_cast<double>(result.cases);
    const auto& errors = result.errors;
    return {
        {"reader", result.components.reader},
        {"modality_reader", result.components.modality_by_reader},
        {"case", cases * errors.neither},
        {"modality_case", cases * (errors.same_modality - errors.neither)},
        {"reader_case", cases * (errors.same_reader - errors.neither)},
        {"error", cases * (errors.variance - errors.same_reader - errors.same_modality + errors.neither)}};
}

json json_of(const Comparison& comparison) {
    if (!comparison.result) return {{"what", comparison.what}, {"why_not", comparison.why_not}};
    const auto& result = *comparison.result;
    json means = json::array(), by_reader = json::array();
    for (const auto& mean : result.modalities)
        means.push_back({{"random_readers", json_of(mean.random_readers)},
                         {"degrees_of_freedom", json_of(mean.degrees)},
                         {"fixed_readers", json_of(mean.fixed_readers)}});
    for (const auto& test : result.by_reader) by_reader.push_back(json_of(test));
    return {
        {"what", comparison.what},
        {"cases", result.cases},
        {"values", result.values},
        {"modalities", std::move(means)},
        {"random_readers_random_cases", json_of(result.random_readers)},
        {"fixed_readers_random_cases", json_of(result.fixed_readers)},
        {"random_readers_fixed_cases", json_of(result.fixed_cases)},
        {"by_reader", std::move(by_reader)},
        {"mean_squares",
         {{"modality", result.mean_squares.modality},
          {"reader", result.mean_squares.reader},
          {"modality_reader", result.mean_squares.modality_by_reader}}},
        {"covariances",
         {{"variance", result.errors.variance},
          {"cov1", result.errors.same_reader},
          {"cov2", result.errors.same_modality},
          {"cov3", result.errors.neither}}},
        {"components",
         {{"reader", result.components.reader}, {"modality_reader", result.components.modality_by_reader}}},
        {"pseudovalue_components", pseudovalue_components(result)}};
}

json json_of(const ReaderFigures& figures) {
    auto curve = json::array();
    for (const auto& point : figures.curve)
        curve.push_back({{"sensitivity", point.sensitivity}, {"specificity", point.specificity}});
    return {{"reader", figures.reader},
            {"modality", name_of(figures.modality)},
            {"unreadable", figures.unreadable},
            {"counts",
             {{"true_positive", figures.counts.true_positive},
              {"false_positive", figures.counts.false_positive},
              {"true_negative", figures.counts.true_negative},
              {"false_negative", figures.counts.false_negative}}},
            {"sensitivity", json_of(figures.sensitivity)},
            {"specificity", json_of(figures.specificity)},
            {"area", json_of(figures.area)},
            {"roc", std::move(curve)}};
}

json json_of(const Agreement& agreement) {
    auto pairs = json::array();
    for (const auto& pair : agreement.pairs)
        pairs.push_back(
            {{"readers", {pair.first, pair.second}}, {"cases", pair.cases}, {"kappa", json_of(pair.kappa)}});
    return {{"modality", name_of(agreement.modality)},
            {"cases", agreement.cases},
            {"fleiss_kappa", json_of(agreement.fleiss)},
            {"pairs", std::move(pairs)}};
}

json json_of(const FindingFigures& figures) {
    json result{{"finding", figures.finding},
                {"positive", figures.positive},
                {"negative", figures.negative},
                {"crossed_cases", figures.crossed},
                {"compared_readers", figures.compared},
                {"area", json_of(figures.area)},
                {"sensitivity", json_of(figures.sensitivity)},
                {"specificity", json_of(figures.specificity)}};
    result["area_by_delong"] = figures.area_by_delong ? json_of(*figures.area_by_delong) : json();
    result["readers"] = json::array();
    for (const auto& reader : figures.readers) result["readers"].push_back(json_of(reader));
    result["agreement"] = json::array();
    for (const auto& agreement : figures.agreement) result["agreement"].push_back(json_of(agreement));
    return result;
}

json json_of(const TimeFigures& time) {
    json result{{"comparison_of_log_seconds", json_of(time.comparison)},
                {"medians", json::array()},
                {"readers", json::array()}};
    for (const auto& median : time.medians) result["medians"].push_back(json_of(median));
    for (const auto& reader : time.readers) {
        json medians = json::array();
        for (const auto& median : reader.medians) medians.push_back(json_of(median));
        result["readers"].push_back({{"reader", reader.reader},
                                     {"medians", std::move(medians)},
                                     {"pairs", reader.pairs},
                                     {"ratio", json_of(reader.ratio)}});
    }
    return result;
}

}  // namespace

json analysis_json(const AnalysisReport& report) {
    json modalities = json::array(), findings = json::array(), remarks = json::array();
    for (const auto modality : report.figures.modalities) modalities.push_back(name_of(modality));
    for (const auto& finding : report.figures.findings) findings.push_back(json_of(finding));
    for (const auto& remark : report.checked.remarks)
        remarks.push_back({{"code", remark.code},
                           {"excluded", remark.excluded},
                           {"reader", remark.reader},
                           {"case", remark.case_id},
                           {"words", remark.words}});
    return {{"study", report.study.id},
            {"design", name_of(report.study.design)},
            {"set", report.study.set},
            {"model", report.study.model},
            {"cases", report.study.cases.size()},
            {"answers", report.checked.answers.size()},
            {"modalities", std::move(modalities)},
            {"findings", std::move(findings)},
            {"time", json_of(report.figures.time)},
            {"remarks", std::move(remarks)}};
}

std::string figures_csv(const AnalysisReport& report) {
    std::string text = dataset::csv_line(
        {"finding", "modality", "reader", "true_positive", "false_negative", "true_negative",
         "false_positive", "unreadable", "sensitivity", "sensitivity_low", "sensitivity_high", "specificity",
         "specificity_low", "specificity_high", "area", "area_low", "area_high"});
    const auto add = [](std::vector<std::string>& row, const std::optional<Estimate>& estimate) {
        if (!estimate) {
            row.insert(row.end(), 3, "");
            return;
        }
        for (const double value : {estimate->value, estimate->interval.low, estimate->interval.high})
            row.push_back(fmt::format("{:.6g}", value));
    };
    for (const auto& finding : report.figures.findings)
        for (const auto& reader : finding.readers) {
            const auto& counts = reader.counts;
            std::vector<std::string> row{finding.finding, std::string(name_of(reader.modality)),
                                         reader.reader};
            for (const auto count : {counts.true_positive, counts.false_negative, counts.true_negative,
                                     counts.false_positive, static_cast<std::int64_t>(reader.unreadable)})
                row.push_back(std::to_string(count));
            add(row, reader.sensitivity);
            add(row, reader.specificity);
            add(row, reader.area);
            text += dataset::csv_line(row);
        }
    return text;
}

std::string remarks_csv(const CheckedResults& checked) {
    std::string text = dataset::csv_line({"code", "excluded", "reader", "case", "words"});
    for (const auto& remark : checked.remarks)
        text += dataset::csv_line(
            {remark.code, remark.excluded ? "yes" : "no", remark.reader, remark.case_id, remark.words});
    return text;
}

}  // namespace hilum::readers
