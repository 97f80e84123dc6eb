#include "evaluation/figures/comparison.h"

#include <algorithm>
#include <map>

namespace hilum::evaluation {
namespace {

using statistics::AreaComparison;
using statistics::Discordance;

constexpr double significant = 0.05;
constexpr std::size_t fewest_compared = 2;  // cases of a kind, for a variance

struct Pair {
    const ScoredCase *first, *second;
};

Result<std::vector<Pair>> pairs_of(const ScoredSet& first, const ScoredSet& second) {
    std::map<std::string, const ScoredCase*> by_file;
    for (const auto& one : second.cases) by_file[one.facts.file] = &one;
    std::vector<Pair> pairs;
    for (const auto& one : first.cases)
        if (const auto found = by_file.find(one.facts.file); found != by_file.end())
            pairs.push_back({&one, found->second});
    if (pairs.empty())
        return fail("unpaired",
                    "the two models were not measured on the same images: no file is in both sets");
    return pairs;
}

struct SharedLabel {
    std::string name;
    std::size_t first, second;
};

std::vector<SharedLabel> shared_labels(const ScoredSet& first, const ScoredSet& second) {
    std::vector<SharedLabel> shared;
    for (std::size_t i = 0; i < first.labels.size(); ++i) {
        const auto found = std::ranges::find(second.labels, first.labels[i]);
        if (found != second.labels.end())
            shared.push_back({first.labels[i], i, static_cast<std::size_t>(found - second.labels.begin())});
    }
    return shared;
}

// Empty where these scores allow an area with its variance.
std::string what_lacks(const statistics::Scores& scores, const std::string& set) {
    if (std::min(scores.positive.size(), scores.negative.size()) >= fewest_compared) return "";
    return fmt::format("{} has {} images with it and {} without, and {} of each are the least", set,
                       scores.positive.size(), scores.negative.size(), fewest_compared);
}

std::string words_without(const std::string& why_not) {
    return fmt::format("The area under the curve cannot be compared: {}.", why_not);
}

// What the others tell is worth having.
template <typename Compared>
Status check_any(const std::vector<Compared>& labels) {
    if (std::ranges::any_of(labels, [](const Compared& one) { return one.area.has_value(); })) return {};
    return fail("too_few_cases", "no label can be compared; '{}': {}", labels.front().label,
                labels.front().why_not);
}

std::string interval_words(const statistics::Estimate& estimate) {
    return fmt::format("{:+.3f} (95 % interval {:+.3f} to {:+.3f})", estimate.value, estimate.interval.low,
                       estimate.interval.high);
}

std::string model_words(const ScoredSet& first, const ScoredSet& second, const AreaComparison& area) {
    const auto difference = fmt::format("The area under the curve differs by {}, {}",
                                        interval_words(area.difference), p_words(area.p));
    if (area.p >= significant)
        return difference + ": these images do not show that either model tells the finding better.";
    const auto& better = area.difference.value > 0 ? first : second;
    return fmt::format("{}: {} {} tells the finding better on these images.", difference, better.model,
                       better.version);
}

std::string drop_words(const ScoredSet& external, const AreaComparison& area) {
    const double drop = area.difference.value;
    const auto difference =
        fmt::format("From {:.3f} to {:.3f} on {}: a difference of {}, {}", area.first.area.value,
                    area.second.area.value, external.set, interval_words(area.difference), p_words(area.p));
    if (area.p < significant)
        return difference + (drop > 0 ? ". The model is worse there." : ". The model is better there.");
    return fmt::format(
        "{}. No difference is shown; one of up to {:.3f} is not excluded.", difference,
        std::max(std::abs(area.difference.interval.low), std::abs(area.difference.interval.high)));
}

void count_discordance(Discordance& discordance, bool first_right, bool second_right) {
    discordance.first_alone += first_right && !second_right;
    discordance.second_alone += second_right && !first_right;
}

Result<LabelComparison> compared(const ScoredSet& first, const ScoredSet& second, const SharedLabel& label,
                                 const std::vector<Pair>& pairs, double level) {
    LabelComparison result;
    result.label = label.name;
    statistics::Scores of_first, of_second;
    for (const auto& [one, other] : pairs) {
        const bool truth = one->truth[label.first];
        if (truth != other->truth[label.second])
            return fail("unpaired", "{}: the two sets disagree whether it shows '{}'", one->facts.file,
                        label.name);
        (truth ? of_first.positive : of_first.negative).push_back(one->probabilities[label.first]);
        (truth ? of_second.positive : of_second.negative).push_back(other->probabilities[label.second]);
        count_discordance(truth ? result.among_positive : result.among_negative,
                          one->positive[label.first] == truth, other->positive[label.second] == truth);
    }
    result.sensitivity = statistics::mcnemar(result.among_positive);
    result.specificity = statistics::mcnemar(result.among_negative);
    result.why_not = what_lacks(of_first, first.set);
    result.words = words_without(result.why_not);
    if (!result.why_not.empty()) return result;
    const auto area = statistics::compare_paired(of_first, of_second, level);
    if (!area) return fail(area.error().code, "'{}' of {}: {}", label.name, first.set, area.error().message);
    result.area = *area;
    result.words = model_words(first, second, *area);
    return result;
}

std::optional<double> gap(const std::optional<statistics::Estimate>& a,
                          const std::optional<statistics::Estimate>& b) {
    if (!a || !b) return std::nullopt;
    return a->value - b->value;
}

Result<LabelDrop> dropped(const ScoredSet& internal, const ScoredSet& external, const SharedLabel& label,
                          double level) {
    const auto inside = summary_of(internal, label.first, level),
               outside = summary_of(external, label.second, level);
    LabelDrop drop;
    drop.label = label.name;
    if (inside && outside) {
        drop.sensitivity = gap(inside->sensitivity, outside->sensitivity);
        drop.specificity = gap(inside->specificity, outside->specificity);
    }
    const auto of_internal = scores_of(internal, label.first),
               of_external = scores_of(external, label.second);
    drop.why_not = what_lacks(of_internal, internal.set);
    if (drop.why_not.empty()) drop.why_not = what_lacks(of_external, external.set);
    drop.words = words_without(drop.why_not);
    if (!drop.why_not.empty()) return drop;
    const auto area = statistics::compare_independent(of_internal, of_external, level);
    if (!area)
        return fail(area.error().code, "'{}' of {} and {}: {}", label.name, internal.set, external.set,
                    area.error().message);
    drop.area = *area;
    drop.words = drop_words(external, *area);
    return drop;
}

}  // namespace

std::string p_words(double p) {
    return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

Result<std::vector<LabelComparison>> compare_models(const ScoredSet& first, const ScoredSet& second,
                                                    double level) {
    const auto pairs = pairs_of(first, second);
    if (!pairs) return tl::unexpected(pairs.error());
    const auto labels = shared_labels(first, second);
    if (labels.empty()) return fail("unpaired", "the two models have no label in common");
    std::vector<LabelComparison> all;
    for (const auto& label : labels) {
        auto one = compared(first, second, label, *pairs, level);
        if (!one) return tl::unexpected(one.error());
        all.push_back(std::move(*one));
    }
    if (auto any = check_any(all); !any) return tl::unexpected(any.error());
    return all;
}

Result<std::vector<LabelDrop>> compare_sets(const ScoredSet& internal, const ScoredSet& external,
                                            double level) {
    std::vector<LabelDrop> all;
    for (const auto& label : shared_labels(internal, external)) {
        auto one = dropped(internal, external, label, level);
        if (!one) return tl::unexpected(one.error());
        all.push_back(std::move(*one));
    }
    if (all.empty()) return fail("unpaired", "the two sets have no label in common");
    if (auto any = check_any(all); !any) return tl::unexpected(any.error());
    return all;
}

}  // namespace hilum::evaluation
