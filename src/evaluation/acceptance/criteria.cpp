#include "evaluation/acceptance/criteria.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "evaluation/report/html.h"
#include "evaluation/statistics/sample_size.h"

namespace hilum::evaluation {
namespace {

using statistics::Estimate;

struct QuantityWord {
    Quantity quantity;
    const char* word;
    const char* what;  // as it stands in a sentence
    bool of_finding;
};

constexpr QuantityWord quantity_words[] = {
    {Quantity::sensitivity, "sensitivity", "sensitivity", true},
    {Quantity::specificity, "specificity", "specificity", true},
    {Quantity::area, "auc", "area under the ROC curve", true},
    {Quantity::ppv, "ppv", "positive predictive value", true},
    {Quantity::npv, "npv", "negative predictive value", true},
    {Quantity::slope, "slope", "slope of the calibration line", true},
    {Quantity::accuracy, "accuracy", "share of right answers", false},
    {Quantity::determinate, "determinate", "share of images that got a diagnosis", false},
    {Quantity::analysed, "analysed", "share of images that were analysed", false},
};

const QuantityWord& word_of(Quantity quantity) {
    return *std::ranges::find(quantity_words, quantity, &QuantityWord::quantity);
}

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin + 1));
}

tl::unexpected<Error> not_understood(std::string_view text, const std::string& why) {
    std::vector<std::string> words;
    for (const auto& one : quantity_words) words.emplace_back(one.word);
    return fail("criterion",
                "'{}': {}; write it as \"sensitivity>=0.9\" or \"Pneumonia:specificity>=0.8\", of {}",
                std::string(text), why, joined(words));
}

// One patient tells nothing of others, however many images there are.
constexpr std::size_t fewest_patients = 2;

// What a figure is, and on how many cases it rests. Its interval is the wider of that by formula and that by
// patients; only the slope's is by patients as it is.
struct Basis {
    Basis(const std::optional<Estimate>& by_formula, const std::optional<Estimate>& by_patient,
          std::size_t of_cases, std::size_t of_patients, std::string words)
        : estimate(by_formula ? std::optional(wider(*by_formula, by_patient)) : std::nullopt),
          cases(of_cases),
          patients(of_patients),
          of(std::move(words)) {}

    const std::optional<Estimate> estimate;
    const std::size_t cases;
    const std::size_t patients;  // whose cases these are: where it rests on two kinds, the fewer
    const std::string of;        // "images with it"
};

std::optional<Estimate> predictive_of(const LabelFigures& label, Quantity quantity) {
    if (!label.predictive) return std::nullopt;
    return quantity == Quantity::ppv ? label.predictive->positive : label.predictive->negative;
}

Basis basis_of(Quantity quantity, const LabelFigures& label,
               const std::optional<statistics::CalibrationTest>& calibration) {
    const auto positive = static_cast<std::size_t>(label.counts.positive());
    const auto negative = static_cast<std::size_t>(label.counts.negative());
    const auto all = positive + negative;
    const std::string both = fmt::format("images, {} of them with it", positive);
    const auto patients = std::min(label.patients_with, label.patients_without);
    switch (quantity) {
        case Quantity::sensitivity:
            return {label.sensitivity, label.sensitivity_by_patient, positive, label.patients_with,
                    "images with it"};
        case Quantity::specificity:
            return {label.specificity, label.specificity_by_patient, negative, label.patients_without,
                    "images without it"};
        case Quantity::area:
            return {label.area, label.area_by_patient, all, patients, both};
        case Quantity::ppv:
            return {predictive_of(label, quantity), label.ppv_by_patient, all, patients, both};
        case Quantity::npv:
            return {predictive_of(label, quantity), label.npv_by_patient, all, patients, both};
        default:
            break;
    }
    return {calibration ? std::optional(calibration->slope) : std::nullopt, std::nullopt, all, patients,
            both};
}

Basis basis_of(Quantity quantity, const CriterionInput& input) {
    const auto& figures = input.set.figures;
    if (quantity == Quantity::accuracy)
        return {figures.accuracy, figures.accuracy_by_patient, figures.cases, figures.patients, "images"};
    if (quantity == Quantity::determinate)
        return {figures.determinate, figures.determinate_by_patient, figures.cases, figures.patients,
                "images"};
    if (input.images == 0) return {std::nullopt, std::nullopt, 0, 0, "images"};
    std::set<std::string_view> patients;
    for (const auto& one : input.set.scored.cases) patients.insert(one.facts.patient);
    for (const auto& one : input.set.scored.unscored) patients.insert(one.facts.patient);
    return {
        statistics::wilson(static_cast<std::int64_t>(figures.cases), static_cast<std::int64_t>(input.images)),
        input.analysed_by_patient, input.images, patients.size(), "images"};
}

Judgement judgement_of(const Criterion& criterion, const Estimate& estimate) {
    const auto& [low, high] = estimate.interval;
    if (criterion.at_least ? low >= criterion.limit : high <= criterion.limit) return Judgement::met;
    if (criterion.at_least ? high < criterion.limit : low > criterion.limit) return Judgement::not_met;
    return Judgement::cannot_be_told;
}

// How many cases would tell, where the figure is what was seen; proportions only.
std::string cases_that_would_tell(const Criterion& criterion, const Basis& basis) {
    const bool proportion =
        criterion.quantity == Quantity::sensitivity || criterion.quantity == Quantity::specificity;
    if (!proportion || !basis.estimate) return "";
    const double seen = basis.estimate->value, limit = criterion.limit;
    constexpr double nearest_told = 0.01;
    if (std::abs(seen - limit) < nearest_told)
        return "; it is so near to the limit that no number of images one can collect will tell";
    const auto needed = seen > limit ? statistics::cases_for_proportion(1 - limit, 1 - seen)
                                     : statistics::cases_for_proportion(limit, seen);
    return fmt::format("; if it stays at {:.3f}, about {} {} would tell", seen, needed, basis.of);
}

std::string sentence(const JudgedCriterion& judged, const Basis& basis) {
    const auto& criterion = judged.criterion;
    auto what = fmt::format("{}{}", word_of(criterion.quantity).what,
                            judged.finding.empty() ? "" : " of '" + judged.finding + "'");
    what.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(what.front())));
    const auto wanted = fmt::format("at {} {:g}", criterion.at_least ? "least" : "most", criterion.limit);
    if (!judged.estimate)
        return fmt::format("{} {}: cannot be told. {} {} do not allow this figure.", what, wanted,
                           basis.cases, basis.of);
    const auto found = fmt::format("{} on {} {}", figure_text(judged.estimate), basis.cases, basis.of);
    if (judged.judgement != Judgement::cannot_be_told)
        return fmt::format("{} {}: {}. It is {}.", what, wanted, words_of(judged.judgement), found);
    if (basis.patients < fewest_patients)
        return fmt::format(
            "{} {}: cannot be told. It is {}, all of one patient, who tells nothing of others.", what, wanted,
            found);
    return fmt::format("{} {}: cannot be told. It is {}, and the limit lies within the interval{}.", what,
                       wanted, found, cases_that_would_tell(criterion, basis));
}

JudgedCriterion judged_by(const Criterion& criterion, const std::string& finding, const Basis& basis) {
    JudgedCriterion judged{criterion, finding, basis.estimate, basis.cases, Judgement::cannot_be_told, ""};
    if (judged.estimate && basis.patients >= fewest_patients)
        judged.judgement = judgement_of(criterion, *judged.estimate);
    judged.words = sentence(judged, basis);
    return judged;
}

// Indices of the labels that a criterion is of.
Result<std::vector<std::size_t>> labels_of(const Criterion& criterion, const ScoredSet& set) {
    std::vector<std::size_t> labels;
    for (std::size_t i = 0; i < set.labels.size(); ++i)
        if (criterion.finding.empty() ? set.is_finding(i) : set.labels[i] == criterion.finding)
            labels.push_back(i);
    if (!labels.empty()) return labels;
    return fail("criterion", "'{}': the model has no finding '{}'; it has {}{}", criterion.text,
                criterion.finding, joined(set.labels), did_you_mean(criterion.finding, set.labels));
}

}  // namespace

Result<Criterion> parse_criterion(std::string_view text) {
    const auto sign = text.find_first_of("<>");
    if (sign == std::string_view::npos || sign + 1 >= text.size() || text[sign + 1] != '=')
        return not_understood(text, "it has neither >= nor <=");
    Criterion criterion;
    criterion.text = trimmed(text);
    criterion.at_least = text[sign] == '>';
    const auto left = text.substr(0, sign);
    const auto colon = left.rfind(':');
    if (colon != std::string_view::npos) criterion.finding = trimmed(left.substr(0, colon));
    const auto name = trimmed(colon == std::string_view::npos ? left : left.substr(colon + 1));
    const auto* const found = std::ranges::find(quantity_words, name, &QuantityWord::word);
    if (found == std::end(quantity_words)) return not_understood(text, "there is no figure '" + name + "'");
    criterion.quantity = found->quantity;
    if (!criterion.finding.empty() && !found->of_finding)
        return not_understood(text, "'" + name + "' is of the model, not of one finding");
    const auto number = trimmed(text.substr(sign + 2));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), criterion.limit);
    const double most = criterion.quantity == Quantity::slope ? 10 : 1;
    if (error != std::errc() || end != number.data() + number.size() ||
        !(criterion.limit > 0 && criterion.limit < most))
        return not_understood(text, fmt::format("the limit must be a number between 0 and {:g}", most));
    return criterion;
}

std::string_view words_of(Judgement judgement) {
    switch (judgement) {
        case Judgement::met:
            return "met";
        case Judgement::not_met:
            return "not met";
        case Judgement::cannot_be_told:
            break;
    }
    return "cannot be told";
}

Estimate wider(const Estimate& estimate, const std::optional<Estimate>& other) {
    if (!other) return estimate;
    return {estimate.value,
            {std::min(estimate.interval.low, other->interval.low),
             std::max(estimate.interval.high, other->interval.high)}};
}

Result<std::vector<JudgedCriterion>> judge(const std::vector<Criterion>& criteria,
                                           const CriterionInput& input) {
    std::vector<JudgedCriterion> all;
    for (const auto& criterion : criteria) {
        if (!word_of(criterion.quantity).of_finding) {
            const bool exclusive_only = criterion.quantity != Quantity::analysed;
            if (exclusive_only && !input.set.scored.exclusive)
                return fail("criterion",
                            "'{}': the findings of this model are independent, so that it has no such figure",
                            criterion.text);
            all.push_back(judged_by(criterion, "", basis_of(criterion.quantity, input)));
            continue;
        }
        const auto labels = labels_of(criterion, input.set.scored);
        if (!labels) return tl::unexpected(labels.error());
        for (const auto label : *labels)
            all.push_back(judged_by(
                criterion, input.set.scored.labels[label],
                basis_of(criterion.quantity, input.set.figures.labels[label], input.calibration[label])));
    }
    return all;
}

}  // namespace hilum::evaluation
