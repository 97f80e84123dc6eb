// LibTorch's optimizers, by settings.
#pragma once

#include <torch/optim.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "training/fit/fit_settings.h"

namespace hilum::training {

// AdamW (Loshchilov and Hutter, ICLR 2019), or SGD with momentum. Parameters without a gradient are passed
// over.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters,
                                                        const OptimizerSettings& settings);

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate);

// Its moments and counts of steps as bytes, and back into one of the same parameters. Code "checkpoint".
std::string state_of(const torch::optim::Optimizer& optimizer);
Status restore(torch::optim::Optimizer& optimizer, const std::string& state);

}  // namespace hilum::training
