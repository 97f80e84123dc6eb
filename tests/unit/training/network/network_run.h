// A network's forward pass in tests.
#pragma once

#include <torch/script.h>

#include "training/network/network.h"

namespace hilum::training {

struct Run {
    torch::Tensor logits, maps;
};

inline Run run(torch::jit::Module& network, const torch::Tensor& input) {
    const auto outputs = network.forward({input}).toTuple();
    return {outputs->elements()[0].toTensor(), outputs->elements()[1].toTensor()};
}

inline torch::jit::Module made(const NetworkSettings& settings, std::uint64_t seed = 1) {
    torch::manual_seed(seed);
    return make_network(settings).value();
}

// Gives the normalisations statistics and the biases values of their own, as training would.
inline void season(torch::jit::Module& network) {
    const torch::NoGradGuard no_gradients;
    for (const auto& buffer : network.named_buffers()) {
        torch::Tensor value = buffer.value;
        if (buffer.name.ends_with("running_mean")) value.normal_(0, 0.1);
        if (buffer.name.ends_with("running_var")) value.uniform_(0.5, 1.5);
    }
    for (const auto& parameter : network.named_parameters()) {
        torch::Tensor value = parameter.value;
        if (parameter.name.ends_with(".bias")) value.normal_(0, 0.1);
    }
}

inline double furthest(const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

}  // namespace hilum::training
