// Fits the demonstration network to phantoms.
#pragma once

#include <torch/script.h>

#include "demo_model/phantom_set.h"

namespace hilum::demo_model {

struct TrainingSettings {
    int epochs = 14;
    int batch_size = 16;
    double peak_learning_rate = 3e-3;  // after a warm-up; then a cosine down to zero
    double weight_decay = 1e-4;
    double location_weight = 0.3;  // of the loss of maps that look elsewhere than at the lesions
};

// Draws from torch's generator; the same seed, set, threads and build give the same weights. Progress to the
// log.
void train(torch::jit::Module& network, const PhantomSet& set, const TrainingSettings& settings);

// The network in evaluation mode on every image: logits, float[count, outputs], and activation maps.
struct Outputs {
    torch::Tensor logits, maps;
};
Outputs evaluate(torch::jit::Module& network, const PhantomSet& set);

}  // namespace hilum::demo_model
