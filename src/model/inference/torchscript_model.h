// One TorchScript module and its forward pass. Internal to the engine: the only header of ours that includes
// LibTorch.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <string>

#include "base/error.h"

namespace hilum::model {

// What forward() gave for a batch, checked, in CPU memory.
struct ForwardOutputs {
    at::Tensor outputs;  // float[N, labels]
    at::Tensor maps;     // float[N, labels, rows, columns]; undefined where the model has none
};

// The module in the file whose bytes are `bytes`, in evaluation mode. Code "weights_corrupt".
Result<torch::jit::Module> load_torchscript(const std::string& bytes, at::Device device);

// The same function, faster: frozen, and on a CPU fused for oneDNN. Code "model_failed" where LibTorch
// cannot.
Result<torch::jit::Module> optimised(const torch::jit::Module& module, at::Device device);

// Runs `input`, float[N, channels, rows, columns] on the module's device and in its type. Codes:
// "wrong_shape" when the outputs do not fit `labels`, "out_of_memory", "model_failed".
Result<ForwardOutputs> forward(torch::jit::Module& module, const at::Tensor& input, std::int64_t labels);

// Whether two results are the same but for rounding.
bool agree(const ForwardOutputs& a, const ForwardOutputs& b, double tolerance);

}  // namespace hilum::model
