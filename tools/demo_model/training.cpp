#include "demo_model/training.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace hilum::demo_model {
namespace {

constexpr double warm_up = 0.15;  // share of the steps
constexpr int largest_shift = 2;  // cells of PhantomSet::places

double learning_rate(double progress, double peak) {
    if (progress < warm_up) return peak * (0.05 + 0.95 * progress / warm_up);
    return peak * 0.5 * (1 + std::cos(std::numbers::pi * (progress - warm_up) / (1 - warm_up)));
}

torch::Tensor random_between(double low, double high, std::int64_t count) {
    return (torch::rand({count, 1, 1, 1}) * (high - low) + low);
}

struct Batch {
    torch::Tensor inputs, labels, places;
};

Batch chosen_from(const PhantomSet& set, const torch::Tensor& chosen) {
    return {set.inputs.index_select(0, chosen).to(torch::kFloat), set.labels.index_select(0, chosen),
            set.places.index_select(0, chosen).to(torch::kFloat)};
}

// What other detectors, rooms and patients' positions would change: place, contrast, brightness, noise. The
// input is standardised; the changes are made to it as it is.
void augment(Batch& batch) {
    const auto count = batch.inputs.size(0);
    const auto shift = torch::randint(-largest_shift, largest_shift + 1, {2});
    const auto down = shift[0].item<std::int64_t>(), right = shift[1].item<std::int64_t>();
    batch.places = torch::roll(batch.places, {down, right}, {2, 3});
    auto images = torch::roll(batch.inputs, {down * place_size, right * place_size}, {2, 3});
    images = images * random_between(0.85, 1.15, count) + random_between(-0.15, 0.15, count);
    images = images + random_between(-0.08, 0.08, count) * (images * images - 1);  // like another gamma
    batch.inputs = images + random_between(0, 0.06, count) * torch::randn_like(images);
}

std::vector<torch::Tensor> parameters_of(const torch::jit::Module& network, bool learning) {
    std::vector<torch::Tensor> parameters;
    for (const auto& parameter : network.parameters())
        parameters.push_back(parameter.set_requires_grad(learning));
    return parameters;
}

// How much of the map of the true class, as a distribution over places, lies off the lesions: the mean
// negative logarithm of what lies on them. Without it, a network that sees most of the image from every place
// may answer rightly and point anywhere.
torch::Tensor location_loss(const torch::Tensor& maps, const Batch& batch) {
    const auto scale = batch.places.size(2) / maps.size(2);
    const auto places = torch::max_pool2d(batch.places, {scale, scale}).flatten(1);
    const auto abnormal = places.sum(1).gt(0).to(torch::kFloat);
    const auto own = maps.index({torch::arange(maps.size(0)), batch.labels}).flatten(1);
    const auto inside = (torch::softmax(own, 1) * places).sum(1).clamp_min(1e-6);
    return -(inside.log() * abnormal).sum() / abnormal.sum().clamp_min(1);
}

}  // namespace

void train(torch::jit::Module& network, const PhantomSet& set, const TrainingSettings& settings) {
    const auto count = set.inputs.size(0);
    const auto steps_per_epoch = count / settings.batch_size;
    const auto steps = static_cast<double>(steps_per_epoch * settings.epochs);
    torch::optim::AdamW optimizer(
        parameters_of(network, true),
        torch::optim::AdamWOptions(settings.peak_learning_rate).weight_decay(settings.weight_decay));
    network.train();
    double step = 0;
    for (int epoch = 0; epoch < settings.epochs; ++epoch) {
        const auto order = torch::randperm(count);
        double loss_sum = 0, correct = 0;
        for (std::int64_t i = 0; i < steps_per_epoch; ++i, ++step) {
            const auto chosen = order.slice(0, i * settings.batch_size, (i + 1) * settings.batch_size);
            Batch batch = chosen_from(set, chosen);
            augment(batch);
            for (auto& group : optimizer.param_groups())
                group.options().set_lr(learning_rate(step / steps, settings.peak_learning_rate));
            const auto output = network.forward({batch.inputs}).toTuple();
            const auto logits = output->elements()[0].toTensor();
            const auto loss =
                torch::nn::functional::cross_entropy(logits, batch.labels) +
                settings.location_weight * location_loss(output->elements()[1].toTensor(), batch);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            loss_sum += loss.item<double>();
            correct += logits.argmax(1).eq(batch.labels).sum().item<double>();
        }
        spdlog::info("epoch {} of {}: loss {:.3f}, accuracy {:.3f} on what it learns from", epoch + 1,
                     settings.epochs, loss_sum / static_cast<double>(steps_per_epoch),
                     correct / static_cast<double>(steps_per_epoch * settings.batch_size));
    }
    network.eval();
    parameters_of(network, false);  // as it is saved: no graph is built where it runs
}

Outputs evaluate(torch::jit::Module& network, const PhantomSet& set) {
    const torch::NoGradGuard no_gradients;
    network.eval();
    std::vector<torch::Tensor> logits, maps;
    for (std::int64_t i = 0; i < set.inputs.size(0); ++i) {  // one at a time, as in the node
        const auto output = network.forward({set.inputs.slice(0, i, i + 1).to(torch::kFloat)}).toTuple();
        logits.push_back(output->elements()[0].toTensor());
        maps.push_back(output->elements()[1].toTensor());
    }
    return {torch::cat(logits), torch::cat(maps)};
}

}  // namespace hilum::demo_model
