// How LibTorch runs the networks while they are trained.
#pragma once

namespace hilum::training {

// From now on, in the calling thread, TorchScript is interpreted as it is written, each operation as PyTorch
// runs it eagerly. Without this the first runs are profiled and later ones compiled from what was seen, so
// that nothing promises that a step is computed in the same way before and after a resume. Call it first in
// each thread that trains or evaluates. With the same seed, number of threads, machine and build, weights are
// then equal bit for bit.
void use_reproducible_executor();

}  // namespace hilum::training
