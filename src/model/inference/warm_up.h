// The first, slow runs of a model, made before the worker calls itself ready, and the choice of the batch
// size.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "model/inference/forward.h"

namespace hilum::model {

struct WarmUpPlan {
    std::size_t max_batch = 0;                  // 0: measured
    std::vector<std::size_t> candidates{1, 4};  // what is measured, ascending from 1
    std::chrono::milliseconds budget{4000};     // a candidate that would take longer is not tried
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// Runs `probe` at every batch size that will be used and returns these sizes, ascending from 1. A larger
// measured size is taken only where it works and gives at least a tenth more images a second; given sizes all
// have to work, but one for which memory does not suffice ends the list. Errors: what the model fails with.
Result<std::vector<std::size_t>> warm_up(const Forward& forward, InputTensor probe, const WarmUpPlan& plan);

}  // namespace hilum::model
