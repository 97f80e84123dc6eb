// The training loop: from a network with fresh weights to the best of its epochs. Called by hilum-train, in
// one thread.
#pragma once

#include <torch/script.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "training/data/sampling.h"
#include "training/data/tensor_store.h"
#include "training/data/training_set.h"
#include "training/fit/fit_settings.h"
#include "training/fit/history.h"
#include "training/network/network.h"

namespace hilum::training {

struct FitTask {
    const TrainingSet& set;
    const TensorStore& store;
    model::InputSpecification input;
    AugmentationSettings augmentation;
    Balance balance = Balance::none;
    FitSettings fit;
    MachineSettings machine;  // its device is resolved: "cpu", "cuda:0"
    NetworkSettings network;
    nlohmann::json settings;           // all of the above that decides the outcome, for checkpoints
    std::filesystem::path checkpoint;  // its file; one that is there is gone on from if `resume`
    bool resume = false;
};

// What is told while it goes on.
struct FitListener {
    std::function<void(int epoch, std::size_t step, std::size_t steps)> step;
    std::function<Status(const std::vector<EpochFigures>&)> epoch;  // after each, all until then
    std::function<void(const std::string&)> note;                   // a sentence for the log
    const std::atomic<bool>* stop =
        nullptr;  // set: write a checkpoint after this step and end, code "stopped"
};

struct Fitted {
    std::vector<EpochFigures> history;
    int best_epoch = 0;  // whose weights are in the network
};

// `network`: of make_network(), with the weights from which training starts; after success in evaluation mode
// with those of the best epoch (keep_best; else of the last), on the CPU. Codes:
//   "diverged"    the loss is no number; the last good checkpoint stays
//   "checkpoint", "other_network"  what is there cannot be gone on from, in words
//   "stopped"     as was asked for
//   those of write_checkpoint(); "device"; "out_of_memory"
Result<Fitted> fit(torch::jit::Module& network, const FitTask& task, const FitListener& listener);

// The images that the training of this checkpoint could not read when it began, for SetWishes::left_out.
// None where there is no such file. Codes: "unreadable", "checkpoint".
Result<std::vector<UnreadImage>> left_out_by(const std::filesystem::path& checkpoint);

// "auto" is the first GPU that LibTorch can use, else the CPU. Codes: "device" where a GPU that is named is
// not there, or the name is none.
Result<std::string> resolved_device(const std::string& wanted);

}  // namespace hilum::training
