// From a model's raw outputs to scores, decisions and a diagnosis.
#include <algorithm>
#include <cmath>

#include "model/package/model_package.h"

namespace hilum::model {
namespace {

using Scores = std::vector<double>;

// How far beyond [0,1] rounding in half precision can carry a score.
constexpr double rounding = 1e-3;

Scores softmax(const std::vector<float>& logits, double temperature) {
    const double top = *std::max_element(logits.begin(), logits.end());
    Scores scores;
    double sum = 0;
    for (const float logit : logits) sum += scores.emplace_back(std::exp((logit - top) / temperature));
    for (double& score : scores) score /= sum;
    return scores;
}

Scores sigmoid(const std::vector<float>& logits, double temperature) {
    Scores scores;
    for (const float logit : logits) scores.push_back(1 / (1 + std::exp(-logit / temperature)));
    return scores;
}

Scores activate(Activation activation, const std::vector<float>& outputs, double temperature) {
    switch (activation) {
        case Activation::softmax:
            return softmax(outputs, temperature);
        case Activation::sigmoid:
            return sigmoid(outputs, temperature);
        case Activation::none:
            break;
    }
    Scores scores(outputs.begin(), outputs.end());
    for (double& score : scores) score = std::clamp(score, 0.0, 1.0);
    return scores;
}

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

// Exclusive classes: the top one is the diagnosis and the only positive, if the next comes not too close.
void decide_exclusive(InferenceResult& result) {
    LabelResult* top = nullptr;
    double next = 0;
    for (auto& label : result.labels) {
        if (top == nullptr || label.probability > top->probability) {
            next = top == nullptr ? 0 : top->probability;
            top = &label;
        } else {
            next = std::max(next, label.probability);
        }
    }
    result.confidence = top->probability;
    top->positive = top->probability - next >= result.indeterminate_margin;
    result.diagnosis = top->positive ? top->name : indeterminate;
}

// Independent findings: each is decided by its threshold; the diagnosis is the one furthest above it.
void decide_independent(InferenceResult& result) {
    const LabelResult* furthest = nullptr;
    double highest = 0;
    for (auto& label : result.labels) {
        label.positive = label.probability >= label.threshold;
        highest = std::max(highest, label.probability);
        const auto distance = [](const LabelResult& l) { return l.probability - l.threshold; };
        if (label.positive && (furthest == nullptr || distance(label) > distance(*furthest)))
            furthest = &label;
    }
    result.diagnosis = furthest != nullptr ? furthest->name : no_finding;
    result.confidence = furthest != nullptr ? furthest->probability : 1 - highest;
}

}  // namespace

Result<InferenceResult> interpret_outputs(const ModelPackage& package, const std::vector<float>& outputs) {
    if (auto sound = check(package, outputs); !sound) return tl::unexpected(sound.error());
    const double temperature = package.calibration.method == "temperature" ? package.calibration.value : 1.0;
    const Scores scores = activate(package.activation, outputs, 1.0);
    const Scores probabilities = activate(package.activation, outputs, temperature);

    InferenceResult result;
    result.model = identity_of(package);
    result.activation = name_of(package.activation);
    result.calibrated = package.calibrated();
    result.calibration_set = package.calibration.set;
    result.indeterminate_margin = package.indeterminate_margin;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const Label& label = package.labels[i];
        result.labels.push_back({label.name, label.code, label.site, scores[i], probabilities[i],
                                 label.threshold, false, label.abnormal});
    }
    if (package.activation == Activation::softmax)
        decide_exclusive(result);
    else
        decide_independent(result);
    return result;
}

}  // namespace hilum::model
