// How well a network does on images that it does not learn from.
#pragma once

#include <cstddef>
#include <vector>

#include <torch/script.h>

#include "base/error.h"
#include "training/data/batch_stream.h"
#include "training/fit/fit_settings.h"

namespace hilum::training {

struct ValidationFigures {
    double loss = 0;           // of classification, as in training
    double auc = 0;            // the mean of the labels', each against the others
    std::vector<double> aucs;  // of each label; 0.5 where all or none of the images have it
    bool constant = false;     // the same answer for every image
};

// Of the network as it is, in evaluation mode (which it stays in), without augmentation. Code "diverged" for
// outputs that are no numbers.
Result<ValidationFigures> validate(torch::jit::Module& network, const BatchSource& images,
                                   const FitSettings& settings, const torch::Device& device,
                                   std::size_t workers);

// From logits and targets, float[N, labels] on the CPU. Codes: "diverged".
Result<ValidationFigures> figures_of(const torch::Tensor& logits, const torch::Tensor& targets,
                                     const LossSettings& loss);

}  // namespace hilum::training
