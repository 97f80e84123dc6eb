#include "model/inference/batch_runner.h"

#include <algorithm>
#include <iterator>

namespace hilum::model {

std::size_t BatchRunner::next_size(std::size_t waiting) const {
    return *std::prev(std::upper_bound(sizes_.begin() + 1, sizes_.end(), waiting));
}

void BatchRunner::forget_sizes_above(std::size_t largest) {
    sizes_.erase(std::upper_bound(sizes_.begin() + 1, sizes_.end(), largest), sizes_.end());
}

std::vector<Result<Inference>> BatchRunner::run(std::span<const InputTensor> inputs) {
    auto batch = forward_(inputs);
    if (batch) return {std::make_move_iterator(batch->begin()), std::make_move_iterator(batch->end())};
    if (inputs.size() == 1) return {tl::unexpected(std::move(batch.error()))};

    const std::size_t half = inputs.size() / 2;
    if (batch.error().code == "out_of_memory") forget_sizes_above(half);
    auto outcomes = run(inputs.first(half));
    auto others = run(inputs.subspan(half));
    std::move(others.begin(), others.end(), std::back_inserter(outcomes));
    return outcomes;
}

}  // namespace hilum::model
