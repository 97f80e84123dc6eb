#include "training/fit/loss.h"

#include <torch/nn/functional.h>

namespace hilum::training {
namespace {

torch::Tensor weights_of(const LossSettings& settings, const torch::Tensor& logits) {
    if (settings.weights.empty()) return torch::ones({logits.size(1)}, logits.options());
    return torch::tensor(settings.weights, torch::kDouble).to(logits.options());
}

torch::Tensor exclusive_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                             const LossSettings& settings) {
    const auto weights = weights_of(settings, logits);
    const auto classes = targets.argmax(1);
    if (settings.kind == LossKind::focal) {
        const auto truth = torch::log_softmax(logits, 1).gather(1, classes.unsqueeze(1)).squeeze(1);
        const auto hardness = (1 - truth.exp()).clamp_min(0).pow(settings.focal_gamma);
        return -(weights.index_select(0, classes) * hardness * truth).mean();
    }
    return torch::cross_entropy_loss(logits, classes, weights, at::Reduction::Mean, -100,
                                     settings.label_smoothing);
}

torch::Tensor independent_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                               const LossSettings& settings) {
    const auto smooth = targets * (1 - settings.label_smoothing) + settings.label_smoothing / 2;
    const auto weights = weights_of(settings, logits);
    const auto plain =
        torch::binary_cross_entropy_with_logits(logits, smooth, {}, weights, at::Reduction::None);
    if (settings.kind != LossKind::focal) return plain.mean();
    const auto probability = torch::sigmoid(logits);
    const auto truth = targets * probability + (1 - targets) * (1 - probability);
    return ((1 - truth).clamp_min(0).pow(settings.focal_gamma) * plain).mean();
}

}  // namespace

torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                                  const LossSettings& settings) {
    return settings.exclusive ? exclusive_loss(logits, targets, settings)
                              : independent_loss(logits, targets, settings);
}

torch::Tensor location_loss(const torch::Tensor& maps, const torch::Tensor& targets,
                            const torch::Tensor& places) {
    const auto cells =
        std::get<0>(torch::adaptive_max_pool2d(places.unsqueeze(1), {maps.size(2), maps.size(3)})).flatten(2);
    const auto marked = targets * cells.sum(2).gt(0).to(targets.dtype());
    const auto inside = (torch::softmax(maps.flatten(2), 2) * cells).sum(2).clamp_min(1e-6);
    return -(inside.log() * marked).sum() / marked.sum().clamp_min(1);
}

}  // namespace hilum::training
