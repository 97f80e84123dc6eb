#include "training/network/executor.h"

#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/script.h>

namespace hilum::training {

void use_reproducible_executor() {
    torch::jit::setGraphExecutorOptimize(false);
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
}

}  // namespace hilum::training
