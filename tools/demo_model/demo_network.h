// The demonstration model's network: a small DenseNet as a TorchScript module, defined in C++.
#pragma once

#include <torch/script.h>

namespace hilum::demo_model {

inline constexpr int network_input_side = 192;  // pixels
inline constexpr int network_outputs = 3;       // Normal, Pneumonia, Requires further evaluation

// Fresh weights from torch's generator (torch::manual_seed). forward(x: float[N, 1, rows, columns]) returns
// the logits, float[N, outputs], and the class-activation maps, float[N, outputs, rows / 8, columns / 8]:
// the share of each place in each logit, whose mean over the places is the logit less its bias.
torch::jit::Module make_demo_network();

}  // namespace hilum::demo_model
