#include "training/fit/validation.h"

#include <numeric>

#include "evaluation/statistics/roc.h"
#include "training/fit/batch_tensors.h"
#include "training/fit/loss.h"

namespace hilum::training {
namespace {

constexpr double least_spread = 1e-5;  // of logits: below it all answers are one

// Of a label against the others: with labels that exclude each other its logit less the others' together,
// which orders as its probability does, and is no 1 where that is nearly one.
torch::Tensor scores_of(const torch::Tensor& logits, std::int64_t label, bool exclusive) {
    const auto own = logits.select(1, label);
    if (!exclusive || logits.size(1) < 2) return own;
    const auto others = torch::cat({logits.slice(1, 0, label), logits.slice(1, label + 1)}, 1);
    return own - torch::logsumexp(others, {1});
}

double area_of(const torch::Tensor& scores, const torch::Tensor& truth) {
    statistics::Scores split;
    const auto values = scores.accessor<double, 1>();
    const auto held = truth.accessor<float, 1>();
    for (std::int64_t i = 0; i < values.size(0); ++i)
        (held[i] > 0.5F ? split.positive : split.negative).push_back(values[i]);
    return split.positive.empty() || split.negative.empty() ? 0.5 : statistics::area_under_curve(split);
}

}  // namespace

Result<ValidationFigures> figures_of(const torch::Tensor& logits, const torch::Tensor& targets,
                                     const LossSettings& loss) {
    if (!torch::isfinite(logits).all().item<bool>())
        return fail("diverged", "the network's outputs on the validation images are no numbers");
    ValidationFigures figures;
    figures.loss = classification_loss(logits, targets, loss).item<double>();
    const auto precise = logits.to(torch::kDouble);
    for (std::int64_t label = 0; label < logits.size(1); ++label)
        figures.aucs.push_back(area_of(scores_of(precise, label, loss.exclusive).contiguous(),
                                       targets.select(1, label).contiguous()));
    figures.auc = std::accumulate(figures.aucs.begin(), figures.aucs.end(), 0.0) /
                  static_cast<double>(figures.aucs.size());
    const auto spread = std::get<0>(precise.max(0)) - std::get<0>(precise.min(0));
    figures.constant = logits.size(0) > 1 && spread.max().item<double>() < least_spread;
    return figures;
}

Result<ValidationFigures> validate(torch::jit::Module& network, const BatchSource& images,
                                   const FitSettings& settings, const torch::Device& device,
                                   std::size_t workers) {
    const torch::NoGradGuard no_gradients;
    network.eval();
    std::vector<std::size_t> order(images.images.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    BatchStream stream(images, order, static_cast<std::size_t>(settings.batch_size), /*keep_rest=*/true, 0,
                       workers);
    std::vector<torch::Tensor> logits, targets;
    while (const auto* batch = stream.next()) {
        const auto tensors = tensors_of_batch(*batch, images.input);
        const auto output = network.forward({tensors.inputs.to(device)}).toTuple();
        logits.push_back(output->elements()[0].toTensor().to(torch::kCPU, torch::kFloat));
        targets.push_back(tensors.targets.clone());
    }
    return figures_of(torch::cat(logits), torch::cat(targets), settings.loss);
}

}  // namespace hilum::training
