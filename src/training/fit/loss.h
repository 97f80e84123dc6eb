// What is made small.
#pragma once

#include <torch/types.h>

#include "training/fit/fit_settings.h"

namespace hilum::training {

// The mean over the images, float scalar. `logits`, `targets`: float[N, labels], targets 1 or 0; exclusive:
// one 1 a row.
//   cross_entropy         of softmax; weighted: sum of weight * loss / sum of weights, as PyTorch's
//   binary_cross_entropy  of sigmoid, the mean over labels too; the weight is of having the label
//   focal                 each of these times (1 - probability of the truth) ^ gamma, and the plain mean
torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                                  const LossSettings& settings);

// How much of a true label's activation map, as a distribution over places, lies off the lesions: the mean
// negative logarithm of what lies on them, over labels of images that have lesions marked. Without it, a
// network that sees most of the image from every place may answer rightly and point anywhere. `maps`:
// float[N, labels, r, c]; `places`: float[N, rows, columns], 1 on a lesion. 0 where none is marked.
torch::Tensor location_loss(const torch::Tensor& maps, const torch::Tensor& targets,
                            const torch::Tensor& places);

}  // namespace hilum::training
