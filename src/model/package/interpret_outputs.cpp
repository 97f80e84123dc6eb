// From a model's raw outputs to scores, decisions and a diagnosis.
#include <algorithm>
#include <cmath>

#include "model/package/model_package.h"

namespace hilum::model {
namespace {

using Scores = std::vector<double>;

// How far beyond [0,1] rounding in half precision can carry a score.
constexpr double rounding = 1e-3;

Status check(const ModelPackage& package, const std::vector<float>& outputs) {
    if (outputs.size() != package.labels.size())
        return fail("wrong_shape", "the model gave {} outputs, model.yaml has {} labels", outputs.size(),
                    package.labels.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (!std::isfinite(outputs[i]))
            return fail("not_finite", "the model gave {} for {}", outputs[i], package.labels[i].name);
        const bool score = outputs[i] >= -rounding && outputs[i] <= 1 + rounding;
        if (package.activation == Activation::none && !score)
            return fail("out_of_range",
                        "the model gave {} for {}; with activation none, outputs are scores from 0 to 1",
                        outputs[i], package.labels[i].name);
    }
    return {};
}

// The classes that may be the right one: those of the prediction set, or those that come close to the top
// one.
std::vector<bool> candidates_of(const ModelPackage& package, const Scores& probabilities) {
    if (package.prediction_sets) return members(*package.prediction_sets, probabilities);
    const auto top = std::ranges::max_element(probabilities);
    std::vector<bool> near;
    for (const double probability : probabilities)
        near.push_back(*top - probability < package.indeterminate_margin);
    near[static_cast<std::size_t>(top - probabilities.begin())] = true;
    return near;
}

// Exclusive classes: the top one is the diagnosis and the only positive, if it is the only candidate. Of
// several of the same probability the first.
void decide_exclusive(InferenceResult& result, const std::vector<bool>& candidates) {
    const auto top = std::ranges::max_element(result.labels, {}, &LabelResult::probability);
    const auto place = static_cast<std::size_t>(top - result.labels.begin());
    result.confidence = top->probability;
    top->positive = candidates[place] && std::ranges::count(candidates, true) == 1;
    result.diagnosis = top->positive ? top->name : indeterminate;
    if (top->positive) return;
    // An empty set, or one of another class alone, tells that the image is like none of those that the sets
    // were fitted on: any class may be the right one.
    const bool strange = !candidates[place];
    for (std::size_t i = 0; i < candidates.size(); ++i) result.labels[i].candidate = strange || candidates[i];
}

// Of the labels that would have been a finding; of a package that calls none abnormal, of all.
double highest_of(const std::vector<LabelResult>& labels) {
    const bool any_abnormal = std::ranges::any_of(labels, &LabelResult::abnormal);
    double highest = 0;
    for (const auto& label : labels)
        if (label.abnormal || !any_abnormal) highest = std::max(highest, label.probability);
    return highest;
}

// A label such as "No Finding" hides no finding, however far above its threshold it lies.
bool outranks(const LabelResult& one, const LabelResult& other) {
    if (one.abnormal != other.abnormal) return one.abnormal;
    return one.probability - one.threshold > other.probability - other.threshold;
}

// Independent findings: each is decided by its threshold; the diagnosis is the abnormal one furthest above
// it, or any other where none is abnormal.
void decide_independent(InferenceResult& result) {
    const LabelResult* furthest = nullptr;
    for (auto& label : result.labels) {
        label.positive = label.probability >= label.threshold;
        if (label.positive && (furthest == nullptr || outranks(label, *furthest))) furthest = &label;
    }
    result.diagnosis = furthest != nullptr ? furthest->name : no_finding;
    result.confidence = furthest != nullptr ? furthest->probability : 1 - highest_of(result.labels);
}

const char* name_of(Activation activation) {
    switch (activation) {
        case Activation::softmax:
            return "softmax";
        case Activation::sigmoid:
            return "sigmoid";
        case Activation::none:
            break;
    }
    return "none";
}

}  // namespace

std::vector<std::string> diagnoses_of(const ModelPackage& package) {
    std::vector<std::string> diagnoses;
    for (const auto& label : package.labels) diagnoses.push_back(label.name);
    diagnoses.emplace_back(package.activation == Activation::softmax ? indeterminate : no_finding);
    return diagnoses;
}

Result<InferenceResult> interpret_outputs(const ModelPackage& package, const std::vector<float>& outputs) {
    if (auto sound = check(package, outputs); !sound) return tl::unexpected(sound.error());
    const Scores raw(outputs.begin(), outputs.end());
    const Scores scores = activated(package.activation, raw);
    const Scores probabilities = probabilities_of(package.calibration, package.activation, raw);

    InferenceResult result;
    result.model = identity_of(package);
    result.activation = name_of(package.activation);
    result.calibrated = package.calibrated();
    result.calibration_set = package.calibration.set;
    result.indeterminate_margin = package.indeterminate_margin;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const Label& label = package.labels[i];
        result.labels.push_back({label.name, label.code, label.site, scores[i], probabilities[i],
                                 label.threshold, false, label.abnormal, false});
    }
    if (package.activation != Activation::softmax) {
        decide_independent(result);
        return result;
    }
    const auto candidates = candidates_of(package, probabilities);
    if (package.prediction_sets) {
        result.coverage = package.prediction_sets->coverage;
        result.set_size = static_cast<int>(std::ranges::count(candidates, true));
    }
    decide_exclusive(result, candidates);
    return result;
}

}  // namespace hilum::model
