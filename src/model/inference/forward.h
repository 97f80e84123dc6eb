// What the parts of the worker call a forward pass, without LibTorch's types.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/error.h"

namespace hilum::model {

// One image for the model: channels x rows x columns floats.
using InputTensor = std::span<const float>;

// What the model said of one image.
struct Inference {
    std::vector<float> outputs;  // one per label, raw
    std::vector<float> maps;     // labels x map_rows x map_columns; empty where the model has none
    int map_rows = 0, map_columns = 0;
    double seconds = 0;  // of the forward pass of the whole batch
};

// One batch through the model: an Inference per input, in order. Codes: "out_of_memory" (a smaller batch may
// succeed), "wrong_shape", "model_failed".
using Forward = std::function<Result<std::vector<Inference>>(std::span<const InputTensor>)>;

}  // namespace hilum::model
