// A batch as LibTorch sees it.
#pragma once

#include <torch/types.h>

#include "training/data/batch_stream.h"

namespace hilum::training {

// The batch's own memory: valid as long as it.
struct BatchTensors {
    torch::Tensor inputs;   // float[N, channels, rows, columns]
    torch::Tensor targets;  // float[N, labels]
    torch::Tensor places;   // byte[N, rows, columns]; undefined where the batch has none
};

inline BatchTensors tensors_of_batch(const Batch& batch, const model::InputSpecification& input) {
    const auto count = static_cast<std::int64_t>(batch.count);
    const auto view = [](const auto& values, std::vector<std::int64_t> shape, torch::ScalarType type) {
        using Value = std::decay_t<decltype(*values.data())>;
        return torch::from_blob(const_cast<Value*>(values.data()), shape, type);  // nobody writes to it
    };
    BatchTensors tensors{
        view(batch.inputs, {count, input.channels, input.rows, input.columns}, torch::kFloat),
        view(batch.targets, {count, static_cast<std::int64_t>(batch.targets.size()) / count}, torch::kFloat),
        {}};
    if (!batch.places.empty())
        tensors.places = view(batch.places, {count, input.rows, input.columns}, torch::kByte);
    return tensors;
}

}  // namespace hilum::training
