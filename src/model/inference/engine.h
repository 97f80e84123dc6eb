// The model on its device: LibTorch behind a border of plain types.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/inference/forward.h"
#include "model/package/model_package.h"

namespace hilum::model {

// The device that `wanted` (auto | cpu | cuda | cuda:N) means here: "cpu" or "cuda:N". Auto takes a GPU where
// there is one. Code "device" when it is not there.
Result<std::string> choose_device(const std::string& wanted);

class Engine {
  public:
    // Loads the TorchScript file whose bytes are `weights` (its digest was compared) onto a device of
    // choose_device(), made as fast as it gets without changing what it says. `threads`: for inference on a
    // CPU, 0: one for each core. Codes: "weights_corrupt", "wrong_shape", "model_failed", "out_of_memory".
    static Result<Engine> load(const ModelPackage& package, const std::string& weights,
                               const std::string& device, int threads);

    Engine(Engine&&) noexcept;
    ~Engine();

    // See Forward. Each input has channels x rows x columns floats.
    Result<std::vector<Inference>> run(std::span<const InputTensor> inputs);

    // False after an error that has spoiled the process's use of a GPU: only a new process can go on.
    bool device_works() const;

    // How far outputs may lie from those in single precision, relative to the largest where that is above 1;
    // 0 where the model runs in single precision.
    double rounding() const;

    std::string description() const;  // "cuda:0, fp16, optimised"

  private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace hilum::model
