#include "training/fit/weight_average.h"

#include <algorithm>

namespace hilum::training {

NamedTensors tensors_of(const torch::jit::Module& network) {
    NamedTensors tensors;
    for (const auto& parameter : network.named_parameters())
        tensors.emplace_back(parameter.name, parameter.value);
    for (const auto& buffer : network.named_buffers()) tensors.emplace_back(buffer.name, buffer.value);
    return tensors;
}

NamedTensors copies_of(const NamedTensors& tensors) {
    NamedTensors copies;
    for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
    return copies;
}

void assign(const NamedTensors& from, const NamedTensors& to) {
    const torch::NoGradGuard no_gradients;
    for (std::size_t i = 0; i < to.size(); ++i) to[i].second.detach().copy_(from[i].second);
}

WeightAverage::WeightAverage(const torch::jit::Module& network, double decay)
    : network_(tensors_of(network)), decay_(decay) {
    if (used()) average_ = copies_of(network_);
}

void WeightAverage::update(std::int64_t step) {
    if (!used()) return;
    const torch::NoGradGuard no_gradients;
    const double decay = std::min(decay_, static_cast<double>(step) / static_cast<double>(step + 10));
    for (std::size_t i = 0; i < average_.size(); ++i) {
        auto& average = average_[i].second;
        const auto now = network_[i].second.detach();
        if (average.is_floating_point())
            average.mul_(decay).add_(now, 1 - decay);
        else
            average.copy_(now);
    }
}

WeightAverage::Shown::Shown(WeightAverage& average) : average_(average) {
    if (!average_.used()) return;
    own_ = copies_of(average_.network_);
    assign(average_.average_, average_.network_);
}

WeightAverage::Shown::~Shown() {
    if (average_.used()) assign(own_, average_.network_);
}

}  // namespace hilum::training
