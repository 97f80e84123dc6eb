#include "evaluation/figures/figures_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace hilum::evaluation {
namespace {

using nlohmann::json;
using statistics::Estimate;

json to_json(const Estimate& estimate) {
    return {{"value", estimate.value}, {"interval", {estimate.interval.low, estimate.interval.high}}};
}

void put(json& object, const char* key, const std::optional<Estimate>& estimate) {
    if (estimate) object[key] = to_json(*estimate);
}

json to_json(const statistics::Counts& counts) {
    return {{"true_positive", counts.true_positive},
            {"false_positive", counts.false_positive},
            {"true_negative", counts.true_negative},
            {"false_negative", counts.false_negative}};
}

json summary_json(const LabelFigures& figures) {
    json object{
        {"label", figures.label}, {"threshold", figures.threshold}, {"counts", to_json(figures.counts)}};
    put(object, "sensitivity", figures.sensitivity);
    put(object, "specificity", figures.specificity);
    put(object, "area", figures.area);
    return object;
}

// An infinite threshold is no number of JSON: the curve's first point has none.
json roc_json(const std::vector<statistics::RocPoint>& curve) {
    json points = json::array();
    for (const auto& point : curve) {
        json one{{"sensitivity", point.sensitivity}, {"specificity", point.specificity}};
        if (std::isfinite(point.threshold)) one["threshold"] = point.threshold;
        points.push_back(std::move(one));
    }
    return points;
}

json reliability_json(const std::vector<statistics::ReliabilityBin>& curve) {
    json bins = json::array();
    for (const auto& bin : curve)
        bins.push_back({{"low", bin.low},
                        {"high", bin.high},
                        {"cases", bin.cases},
                        {"mean_probability", bin.mean_probability},
                        {"observed", bin.observed}});
    return bins;
}

json decisions_json(const std::vector<DecisionPoint>& curve) {
    json points = json::array();
    for (const auto& point : curve)
        points.push_back({{"threshold", point.threshold}, {"model", point.model}, {"all", point.all}});
    return points;
}

json label_json(const LabelFigures& figures) {
    json object = summary_json(figures);
    object["prevalence"] = figures.prevalence;
    put(object, "sensitivity_by_patient", figures.sensitivity_by_patient);
    put(object, "specificity_by_patient", figures.specificity_by_patient);
    put(object, "area_by_patient", figures.area_by_patient);
    if (figures.predictive) {
        object["positive_predictive_value"] = to_json(figures.predictive->positive);
        object["negative_predictive_value"] = to_json(figures.predictive->negative);
    }
    put(object, "positive_predictive_value_by_patient", figures.ppv_by_patient);
    put(object, "negative_predictive_value_by_patient", figures.npv_by_patient);
    object["brier"] = figures.brier;
    object["mean_probability"] = figures.mean_probability;
    object["calibration_error"] = figures.calibration_error;
    if (figures.calibration)
        object["calibration"] = {{"intercept", figures.calibration->intercept},
                                 {"slope", figures.calibration->slope}};
    object["reliability"] = reliability_json(figures.reliability);
    object["roc"] = roc_json(figures.roc);
    object["decision_curve"] = decisions_json(figures.decisions);
    return object;
}

json to_json(const statistics::AreaComparison& area) {
    return {{"first", to_json(area.first.area)},
            {"second", to_json(area.second.area)},
            {"difference", to_json(area.difference)},
            {"z", area.z},
            {"p", area.p}};
}

void put_area(json& object, const std::optional<statistics::AreaComparison>& area,
              const std::string& why_not) {
    if (area)
        object["area"] = to_json(*area);
    else
        object["why_not"] = why_not;
}

json to_json(const statistics::McNemar& test, const statistics::Discordance& discordance) {
    return {{"first_alone", discordance.first_alone},
            {"second_alone", discordance.second_alone},
            {"statistic", test.statistic},
            {"p", test.p},
            {"exact_p", test.exact_p},
            {"mid_p", test.mid_p}};
}

}  // namespace

nlohmann::json to_json(const Figures& figures) {
    json object{{"cases", figures.cases}, {"patients", figures.patients}, {"unscored", figures.unscored}};
    object["labels"] = json::array();
    for (const auto& label : figures.labels) object["labels"].push_back(label_json(label));
    put(object, "accuracy", figures.accuracy);
    put(object, "accuracy_by_patient", figures.accuracy_by_patient);
    put(object, "determinate", figures.determinate);
    put(object, "determinate_by_patient", figures.determinate_by_patient);
    put(object, "accuracy_of_determinate", figures.accuracy_of_determinate);
    if (!figures.confusion.empty())
        object["confusion"] = {{"answers", figures.answers}, {"rows", figures.confusion}};
    return object;
}

nlohmann::json to_json(const Subgroup& group) {
    json object{{"attribute", group.attribute},
                {"value", group.value},
                {"cases", group.cases},
                {"patients", group.patients},
                {"labels", json::array()}};
    for (const auto& label : group.labels) object["labels"].push_back(summary_json(label));
    return object;
}

nlohmann::json to_json(const LabelComparison& comparison) {
    json object{{"label", comparison.label},
                {"sensitivity", to_json(comparison.sensitivity, comparison.among_positive)},
                {"specificity", to_json(comparison.specificity, comparison.among_negative)},
                {"words", comparison.words}};
    put_area(object, comparison.area, comparison.why_not);
    return object;
}

nlohmann::json to_json(const LabelDrop& drop) {
    json object{{"label", drop.label}, {"words", drop.words}};
    if (drop.sensitivity) object["sensitivity_drop"] = *drop.sensitivity;
    if (drop.specificity) object["specificity_drop"] = *drop.specificity;
    put_area(object, drop.area, drop.why_not);
    return object;
}

nlohmann::json node_json(const ScoredSet& set) {
    if (set.node_configuration.empty()) return nullptr;
    return {{"configuration", set.node_configuration}, {"thresholds", set.site_thresholds}};
}

}  // namespace hilum::evaluation
