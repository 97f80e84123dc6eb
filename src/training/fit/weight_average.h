// The exponential moving average of a network's weights and running statistics: steadier than the last
// step's.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hilum::training {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

// Parameters and buffers by their names in the module, in its order; the module's own memory.
NamedTensors tensors_of(const torch::jit::Module& network);

// Deep copies.
NamedTensors copies_of(const NamedTensors& tensors);

// Writes the values of `from` into `to`. Both of one network.
void assign(const NamedTensors& from, const NamedTensors& to);

class WeightAverage {
  public:
    // decay 0: it is always what the network is.
    WeightAverage(const torch::jit::Module& network, double decay);

    // After step `step` (from 1): average = d * average + (1 - d) * weights, with d the decay but at most
    // step / (step + 10), so that the first weights do not linger.
    void update(std::int64_t step);
    bool used() const { return decay_ > 0; }
    NamedTensors& tensors() { return average_; }

    // The network with the average in its place, for as long as this lives.
    class Shown {
      public:
        explicit Shown(WeightAverage& average);
        ~Shown();
        Shown(const Shown&) = delete;
        Shown& operator=(const Shown&) = delete;

      private:
        WeightAverage& average_;
        NamedTensors own_;
    };

  private:
    NamedTensors network_, average_;
    double decay_;
};

}  // namespace hilum::training
