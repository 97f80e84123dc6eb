// What the training loop knows between two steps, and how that becomes a checkpoint. Internal to the folder.
#pragma once

#include <optional>

#include "training/fit/checkpoint.h"
#include "training/fit/fit.h"
#include "training/fit/optimizer.h"

namespace hilum::training {

struct FitState {
    int epoch = 0;           // that is to be gone on with, from 0
    std::size_t step = 0;    // of the epoch
    std::int64_t steps = 0;  // in all
    double loss_sum = 0;     // of the epoch's steps until now
    double waited = 0;       // seconds for images
    double seconds = 0;      // that the epoch has taken until now
    std::vector<EpochFigures> history;
    int best_epoch = 0;  // from 1; 0: none yet
    double best_figure = 0;
    NamedTensors best;  // the weights of then
};

Checkpoint checkpoint_of(const FitState& state, const FitTask& task, const torch::jit::Module& network,
                         WeightAverage& average, const torch::optim::Optimizer& optimizer);

// Writes it where all weights are numbers; else code "diverged", and the former stays.
Status keep(const FitState& state, const FitTask& task, const torch::jit::Module& network,
            WeightAverage& average, const torch::optim::Optimizer& optimizer);

// Reads task.checkpoint back into all of them. None where there is no such file. Codes as of fit().
Result<std::optional<FitState>> resumed(const FitTask& task, const torch::jit::Module& network,
                                        WeightAverage& average, torch::optim::Optimizer& optimizer);

}  // namespace hilum::training
