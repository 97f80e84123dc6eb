#include "evaluation/acceptance/maker_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/figures/comparison.h"
#include "evaluation/report/html.h"
#include "evaluation/statistics/sample_size.h"

namespace hilum::evaluation {
namespace {

using nlohmann::json;
using statistics::Estimate;
using statistics::Share;

constexpr double significant_drop = 0.05;

std::optional<double> share_in(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    const auto value = found->get<double>();
    if (!(value >= 0 && value <= 1)) return std::nullopt;
    return value;
}

const json& member(const json& object, const char* key) {
    static const json none;
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() ? *found : none;
}

std::int64_t count_in(const json& object, const char* key) {
    const auto& value = member(object, key);
    return value.is_number_integer() ? std::max<std::int64_t>(0, value.get<std::int64_t>()) : 0;
}

std::optional<double> ratio_of_maker(const std::optional<Share>& share) {
    if (!share || share->trials == 0) return std::nullopt;
    return static_cast<double>(share->successes) / static_cast<double>(share->trials);
}

// The interval is one of 95 % on the logit scale.
std::optional<double> variance_from(const json& interval, double area) {
    if (!interval.is_array() || interval.size() != 2 || !interval[0].is_number() || !interval[1].is_number())
        return std::nullopt;
    const auto low = interval[0].get<double>(), high = interval[1].get<double>();
    if (!(0 < low && low < high && high < 1 && area > 0 && area < 1)) return std::nullopt;
    const auto logit_of = [](double p) { return std::log(p / (1 - p)); };
    const double deviation =
        (logit_of(high) - logit_of(low)) / (2 * statistics::normal_quantile()) * area * (1 - area);
    return deviation * deviation;
}

void count_shares(MakerLabel& label, std::int64_t tp, std::int64_t fn, std::int64_t tn, std::int64_t fp) {
    if (tp + fn > 0) label.found = Share{tp, tp + fn};
    if (tn + fp > 0) label.spared = Share{tn, tn + fp};
    if (label.found) label.sensitivity = ratio_of_maker(label.found);
    if (label.spared) label.specificity = ratio_of_maker(label.spared);
    if (label.area && !label.area_variance && label.found && label.spared && *label.area < 1)
        label.area_variance =
            statistics::hanley_mcneil_variance(*label.area, label.found->trials, label.spared->trials);
}

std::optional<MakerLabel> label_of_evaluation(const json& object) {
    const auto& name = member(object, "label");
    if (!name.is_string()) return std::nullopt;
    MakerLabel label;
    label.label = name.get<std::string>();
    const auto& area = member(object, "area");
    if (area.is_object()) label.area = share_in(area, "value");
    if (label.area) label.area_variance = variance_from(member(area, "interval"), *label.area);
    const auto& counts = member(object, "counts");
    count_shares(label, count_in(counts, "true_positive"), count_in(counts, "false_negative"),
                 count_in(counts, "true_negative"), count_in(counts, "false_positive"));
    return label;
}

// Rows and columns by `size` labels, and further columns of other answers; empty where it is no such matrix.
std::vector<std::vector<std::int64_t>> matrix_of(const json& rows, std::size_t size) {
    if (!rows.is_array() || rows.size() != size) return {};
    std::vector<std::vector<std::int64_t>> matrix;
    for (const auto& row : rows) {
        if (!row.is_array() || row.size() < size) return {};
        matrix.emplace_back();
        for (const auto& cell : row) {
            if (!cell.is_number_unsigned()) return {};
            matrix.back().push_back(cell.get<std::int64_t>());
        }
    }
    return matrix;
}

void count_confusion(MakerLabel& label, const std::vector<std::vector<std::int64_t>>& matrix,
                     std::size_t index) {
    std::int64_t tp = 0, fn = 0, tn = 0, fp = 0;
    for (std::size_t truth = 0; truth < matrix.size(); ++truth)
        for (std::size_t said = 0; said < matrix[truth].size(); ++said) {
            const auto count = matrix[truth][said];
            (truth == index ? (said == index ? tp : fn) : (said == index ? fp : tn)) += count;
        }
    count_shares(label, tp, fn, tn, fp);
}

std::vector<MakerLabel> labels_of_metrics(const json& held_out, const std::vector<std::string>& labels) {
    std::vector<MakerLabel> all;
    const auto matrix = matrix_of(member(held_out, "confusion"), labels.size());
    const auto& classes = member(held_out, "classes");
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto& object = member(classes, labels[i].c_str());
        if (!object.is_object()) continue;
        MakerLabel label;
        label.label = labels[i];
        label.area = share_in(object, "auc");
        label.sensitivity = share_in(object, "sensitivity");
        label.specificity = share_in(object, "specificity");
        if (!matrix.empty()) count_confusion(label, matrix, i);
        all.push_back(std::move(label));
    }
    return all;
}

// Newcombe's method 10: from both Wilson intervals.
Estimate difference_of(const Share& first, const Share& second) {
    const auto a = statistics::wilson(first.successes, first.trials),
               b = statistics::wilson(second.successes, second.trials);
    const double difference = a.value - b.value;
    return {difference,
            {difference - std::hypot(a.value - a.interval.low, b.interval.high - b.value),
             difference + std::hypot(a.interval.high - a.value, b.value - b.interval.low)}};
}

void finish(MakerDrop& drop) {
    const auto what = fmt::format("'{}': {} {:.3f} by its maker, {:.3f} here", drop.label, drop.figure,
                                  drop.maker, drop.here);
    if (!drop.difference) {
        drop.words = what + "; the maker does not tell on how many images, so that this cannot be tested.";
        return;
    }
    drop.worse = drop.p < significant_drop && drop.difference->value > 0;
    const auto tested =
        fmt::format("{}: a difference of {}, {}.", what, figure_text(drop.difference), p_words(drop.p));
    if (drop.p < significant_drop)
        drop.words = tested + (drop.worse ? " It is worse here." : " It is better here.");
    else
        drop.words = fmt::format("{} No difference is shown; a drop of up to {:.3f} is not excluded.", tested,
                                 std::max(0.0, drop.difference->interval.high));
}

std::optional<MakerDrop> drop_of_area(const MakerLabel& maker, const EvaluatedSet& here, std::size_t label) {
    const auto measured = statistics::delong(scores_of(here.scored, label));
    if (!maker.area || !measured) return std::nullopt;
    MakerDrop drop{maker.label, "AUC", *maker.area, measured->area.value, {}, 1, false, ""};
    const double variance = maker.area_variance.value_or(0) + measured->variance;
    if (maker.area_variance && variance > 0) {
        const double difference = drop.maker - drop.here, deviation = std::sqrt(variance);
        const double half = statistics::normal_quantile() * deviation;
        drop.difference = Estimate{difference, {difference - half, difference + half}};
        drop.p = statistics::two_sided_p(difference / deviation);
    }
    finish(drop);
    return drop;
}

std::optional<MakerDrop> drop_of_share(const char* figure, const MakerLabel& maker,
                                       const std::optional<double>& said, const std::optional<Share>& counted,
                                       const Share& here) {
    if (!said || here.trials == 0) return std::nullopt;
    MakerDrop drop{maker.label, figure, *said, ratio_of_maker(here).value(), {}, 1, false, ""};
    if (counted) {
        drop.difference = difference_of(*counted, here);
        drop.p = statistics::fisher_exact_p(*counted, here);
    }
    finish(drop);
    return drop;
}

}  // namespace

const MakerLabel* MakerFigures::of(std::string_view label) const {
    const auto found = std::ranges::find(labels, label, &MakerLabel::label);
    return found == labels.end() ? nullptr : &*found;
}

Result<MakerFigures> parse_maker_figures(const std::string& text, const std::string& source,
                                         const std::vector<std::string>& labels) {
    const auto document = json::parse(text, nullptr, false);
    if (document.is_discarded()) return fail("maker_figures", "{} is no JSON", source);
    MakerFigures figures{source, {}};
    const auto& list = member(document, "labels");
    if (list.is_array())
        for (const auto& object : list)
            if (auto label = label_of_evaluation(object)) figures.labels.push_back(std::move(*label));
    if (figures.labels.empty()) figures.labels = labels_of_metrics(member(document, "held_out"), labels);
    if (!figures.labels.empty()) return figures;
    return fail("maker_figures",
                "{} has no figures that can be read: it is neither figures.json of hilum evaluate nor a "
                "metrics.json with held_out.classes of this model's labels",
                source);
}

std::vector<MakerDrop> drops_from(const MakerFigures& maker, const EvaluatedSet& here) {
    std::vector<MakerDrop> drops;
    const auto add = [&](std::optional<MakerDrop> drop) {
        if (drop) drops.push_back(std::move(*drop));
    };
    for (std::size_t i = 0; i < here.scored.labels.size(); ++i) {
        const auto* const label = maker.of(here.scored.labels[i]);
        if (label == nullptr || !here.scored.is_finding(i)) continue;
        const auto& counts = here.figures.labels[i].counts;
        add(drop_of_area(*label, here, i));
        add(drop_of_share("sensitivity", *label, label->sensitivity, label->found,
                          {counts.true_positive, counts.positive()}));
        add(drop_of_share("specificity", *label, label->specificity, label->spared,
                          {counts.true_negative, counts.negative()}));
    }
    return drops;
}

}  // namespace hilum::evaluation
