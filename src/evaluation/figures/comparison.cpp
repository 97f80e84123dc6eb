#include "evaluation/figures/comparison.h"

#include <algorithm>
#include <map>

namespace hilum::evaluation {
namespace {

using statistics::AreaComparison;
using statistics::Discordance;

constexpr double significant = 0.05;

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
    auto area = statistics::compare_paired(of_first, of_second, level);
    if (!area) return tl::unexpected(area.error());
    result.area = *area;
    result.sensitivity = statistics::mcnemar(result.among_positive);
    result.specificity = statistics::mcnemar(result.among_negative);
    result.words = model_words(first, second, *area);
    return result;
}

double gap(const std::optional<statistics::Estimate>& a, const std::optional<statistics::Estimate>& b) {
    return a && b ? a->value - b->value : 0;
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
    return all;
}

Result<std::vector<LabelDrop>> compare_sets(const ScoredSet& internal, const ScoredSet& external,
                                            double level) {
    std::vector<LabelDrop> all;
    for (const auto& label : shared_labels(internal, external)) {
        const auto area = statistics::compare_independent(scores_of(internal, label.first),
                                                          scores_of(external, label.second), level);
        if (!area) return tl::unexpected(area.error());
        const auto inside = summary_of(internal, label.first, level),
                   outside = summary_of(external, label.second, level);
        all.push_back({label.name, *area, gap(inside->sensitivity, outside->sensitivity),
                       gap(inside->specificity, outside->specificity), drop_words(external, *area)});
    }
    if (all.empty()) return fail("unpaired", "the two sets have no label in common");
    return all;
}

}  // namespace hilum::evaluation
