#include "training/fit/optimizer.h"

#include <torch/serialize.h>

#include <sstream>

namespace hilum::training {

std::unique_ptr<torch::optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters,
                                                        const OptimizerSettings& settings) {
    if (settings.kind == OptimizerKind::sgd)
        return std::make_unique<torch::optim::SGD>(std::move(parameters),
                                                   torch::optim::SGDOptions(settings.learning_rate)
                                                       .momentum(settings.momentum)
                                                       .weight_decay(settings.weight_decay));
    return std::make_unique<torch::optim::AdamW>(
        std::move(parameters),
        torch::optim::AdamWOptions(settings.learning_rate).weight_decay(settings.weight_decay));
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate) {
    for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
}

std::string state_of(const torch::optim::Optimizer& optimizer) {
    torch::serialize::OutputArchive archive;
    optimizer.save(archive);
    std::ostringstream bytes;
    archive.save_to(bytes);
    return std::move(bytes).str();
}

Status restore(torch::optim::Optimizer& optimizer, const std::string& state) {
    try {
        torch::serialize::InputArchive archive;
        std::istringstream bytes(state);
        archive.load_from(bytes);
        optimizer.load(archive);
        return {};
    } catch (const std::exception& error) {
        return fail("checkpoint", "the checkpoint's state of the optimizer cannot be read: {}", error.what());
    }
}

}  // namespace hilum::training
