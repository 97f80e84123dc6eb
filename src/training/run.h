// A training from the dataset's folder to the model package.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "training/fit/fit_settings.h"
#include "training/recipe.h"

namespace hilum::training {

struct RunOptions {
    std::filesystem::path dataset, output;
    std::filesystem::path boxes;                // empty: none
    std::vector<std::filesystem::path> golden;  // images that the package takes with it
    // Of the node as which images are read; none: default settings.
    std::optional<std::filesystem::path> configuration;
    Recipe recipe;
    MachineSettings machine;
    double most_unread = 0.05;
    bool resume = false, anew = false;  // what becomes of a checkpoint that is there
    bool prepare_only = false;          // decode what is missing, and no more
};

// What is told while it goes on.
struct RunListener {
    std::function<void(const std::string& what, std::size_t done, std::size_t all)> count;
    std::function<void(const std::string& sentence)> note;
    const std::atomic<bool>* stop = nullptr;
};

// For programs: {"package", "images", "unreadable", "decoded", "training", "validation", "epochs",
// "best_epoch", "auc", "validation_loss", "training_loss"}; without the last five and the package where
// prepare_only. Codes: "exists" where the package is there already, or a checkpoint that is neither resumed
// nor thrown away; those of site_rules(), prepare_training_set(), make_network(), take_weights(), fit(),
// write_package().
Result<nlohmann::json> run_training(const RunOptions& options, const RunListener& listener);

}  // namespace hilum::training
