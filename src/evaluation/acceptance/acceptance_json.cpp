#include "evaluation/acceptance/acceptance_json.h"

#include <nlohmann/json.hpp>

#include "evaluation/figures/figures_json.h"

namespace hilum::evaluation {
namespace {

using nlohmann::json;
using statistics::Estimate;

json estimate_json(const Estimate& estimate) {
    return {{"value", estimate.value}, {"interval", {estimate.interval.low, estimate.interval.high}}};
}

void put_estimate(json& object, const char* key, const std::optional<Estimate>& estimate) {
    if (estimate) object[key] = estimate_json(*estimate);
}

template <typename T, typename F>
json list_of(const std::vector<T>& items, F&& of) {
    json list = json::array();
    for (const auto& item : items) list.push_back(of(item));
    return list;
}

json criterion_json(const JudgedCriterion& judged) {
    json object{{"criterion", judged.criterion.text},
                {"limit", judged.criterion.limit},
                {"cases", judged.cases},
                {"judgement", words_of(judged.judgement)},
                {"words", judged.words}};
    if (!judged.finding.empty()) object["finding"] = judged.finding;
    put_estimate(object, "figure", judged.estimate);
    return object;
}

json calibration_json(const LocalCalibration& one) {
    static constexpr const char* names[] = {"holds", "recalibrate", "gain_not_shown", "cannot_be_told"};
    json object{
        {"label", one.label}, {"advice", names[static_cast<std::size_t>(one.advice)]}, {"words", one.words}};
    if (!one.test) return object;
    object["in_the_large"] = estimate_json(one.test->in_the_large);
    object["slope"] = estimate_json(one.test->slope);
    object["p"] = one.test->p;
    object["p_of_all"] = one.p_of_all;
    put_estimate(object, "brier_gain", one.gain);
    return object;
}

json group_json(const GroupTest& test) {
    return {{"attribute", test.attribute},
            {"value", test.value},
            {"label", test.label},
            {"figure", test.figure},
            {"in_group", test.in_group},
            {"in_others", test.in_others},
            {"cases", test.cases},
            {"other_cases", test.other_cases},
            {"p", test.p},
            {"p_of_all", test.adjusted},
            {"worse", test.worse}};
}

json threshold_json(const SiteThreshold& one) {
    static constexpr const char* names[] = {"reached", "in_keeping", "missed"};
    json object{{"label", one.label}, {"deployed", one.deployed}, {"words", one.words}};
    if (!one.chosen) return object;
    object["threshold"] = *one.chosen;
    object["proof"] = names[static_cast<std::size_t>(one.proof)];
    object["chosen_on"] = {{"sensitivity", estimate_json(one.at_choice.sensitivity)},
                           {"specificity", estimate_json(one.at_choice.specificity)}};
    put_estimate(object["proved_on"], "sensitivity", one.sensitivity);
    put_estimate(object["proved_on"], "specificity", one.specificity);
    object["proved_on"]["positive"] = one.positive;
    object["proved_on"]["negative"] = one.negative;
    return object;
}

json workload_json(const Workload& work) {
    json object{{"label", work.label}, {"prevalence", work.prevalence}, {"words", work.words}};
    put_estimate(object, "alarms", work.alarms);
    put_estimate(object, "true_alarms", work.true_alarms);
    put_estimate(object, "misses", work.misses);
    put_estimate(object, "sensitivity_of_rest", work.sensitivity_of_rest);
    put_estimate(object, "specificity_of_rest", work.specificity_of_rest);
    if (work.indeterminate) object["indeterminate"] = *work.indeterminate;
    if (work.indeterminate_misses) object["indeterminate_misses"] = *work.indeterminate_misses;
    return object;
}

json drop_json(const MakerDrop& drop) {
    json object{{"label", drop.label}, {"figure", drop.figure}, {"maker", drop.maker},
                {"here", drop.here},   {"worse", drop.worse},   {"words", drop.words}};
    if (!drop.difference) return object;
    object["difference"] = estimate_json(*drop.difference);
    object["p"] = drop.p;
    return object;
}

json power_json(const PowerRow& row) {
    const auto cases = [](const statistics::CasesNeeded& of) {
        return json{{"positive", of.positive}, {"negative", of.negative}};
    };
    json object{{"label", row.label},        {"figure", row.figure},         {"expected", row.expected},
                {"drop", row.drop},          {"power", row.power},           {"needed", cases(row.needed)},
                {"there", cases(row.there)}, {"power_here", row.power_here}, {"enough", row.enough}};
    if (row.seen) object["watched"] = {{"from", *row.seen}, {"needed", cases(row.watched)}};
    if (row.weeks) object["watched"]["weeks"] = *row.weeks;
    return object;
}

json images_json(const Acceptance& acceptance) {
    const auto& sources = acceptance.sources;
    return {{"found", sources.found},
            {"left_out", sources.left_out},
            {"lines_without_file", sources.lines_without_file},
            {"labelled", acceptance.labelled},
            {"judged", acceptance.set.figures.cases},
            {"patients", acceptance.set.figures.patients},
            {"outside_of_intended_use", acceptance.outside_of_use},
            {"intended_use_not_checked", sources.use_not_checked},
            {"of_training_splits", sources.of_training},
            {"unreadable", acceptance.unreadable},
            {"not_analysed", acceptance.set.figures.unscored},
            {"digest", sources.digest}};
}

}  // namespace

nlohmann::json to_json(const Acceptance& acceptance) {
    const auto& scored = acceptance.set.scored;
    json object{{"verdict", name_of(acceptance.verdict)},
                {"conditions", acceptance.conditions},
                {"criteria", list_of(acceptance.criteria, criterion_json)},
                {"set", scored.set},
                {"model",
                 {{"name", scored.model},
                  {"version", scored.version},
                  {"sha256", scored.sha256},
                  {"configuration_sha256", scored.configuration_sha256},
                  {"cleared_for_clinical_use", scored.cleared_for_clinical_use}}},
                {"images", images_json(acceptance)},
                {"figures", to_json(acceptance.set.figures)},
                {"calibration", list_of(acceptance.calibration, calibration_json)},
                {"subgroups",
                 list_of(acceptance.set.subgroups, [](const Subgroup& group) { return to_json(group); })},
                {"group_tests", list_of(acceptance.groups.tests, group_json)},
                {"groups_not_tested", acceptance.groups.too_few},
                {"workload_per_1000", list_of(acceptance.workload, workload_json)},
                {"power", list_of(acceptance.power, power_json)}};
    object["answers"] = list_of(acceptance.answers, [](const AnswerShare& one) {
        return json{{"answer", one.answer}, {"images", one.images}, {"share", estimate_json(one.share)}};
    });
    if (auto node = node_json(scored); !node.is_null()) object["node"] = std::move(node);
    if (!acceptance.thresholds.empty()) object["thresholds"] = list_of(acceptance.thresholds, threshold_json);
    if (acceptance.maker)
        object["maker"] = {{"source", acceptance.maker->source},
                           {"drops", list_of(acceptance.drops, drop_json)}};
    return object;
}

}  // namespace hilum::evaluation
