// Cuts what waits into batches that the engine was warmed up for, and gets an answer for each input whatever
// fails.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/inference/forward.h"

namespace hilum::model {

class BatchRunner {
  public:
    // `sizes`: the batch sizes to use, ascending, the first 1.
    BatchRunner(Forward forward, std::vector<std::size_t> sizes)
        : forward_(std::move(forward)), sizes_(std::move(sizes)) {}

    std::size_t largest() const { return sizes_.back(); }

    // How many of `waiting` inputs (at least one) the next batch takes.
    std::size_t next_size(std::size_t waiting) const;

    // One outcome per input, in order. A batch that fails is tried again in halves, so that an input fails
    // only by itself; after "out_of_memory" larger batches than the half are not made any more.
    std::vector<Result<Inference>> run(std::span<const InputTensor> inputs);

  private:
    void forget_sizes_above(std::size_t largest);

    Forward forward_;
    std::vector<std::size_t> sizes_;
};

}  // namespace hilum::model
