// A network that looks twice.
#pragma once

#include <torch/script.h>

namespace hilum::training {

// A module that holds `network` and answers with the mean of what it says of the image and of its mirror
// image: logits, and maps turned back. Twice the work.
torch::jit::Module mirrored(const torch::jit::Module& network);

}  // namespace hilum::training
