// How a model is made: everything that decides what comes out, but for the images. A YAML file;
// config/recipe.yaml explains every key. No Torch.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/yaml_reader.h"
#include "model/package/model_package.h"
#include "training/data/augmentation.h"
#include "training/data/sampling.h"
#include "training/fit/fit_settings.h"

namespace hilum::training {

struct NetworkChoice {
    std::string architecture = "densenet121";
    int dense_width = 0;
    double dropout = 0;
    std::filesystem::path initial_weights = {};  // empty: fresh ones
    bool test_time_mirror =
        false;  // the packaged network averages what it says of the image and its mirror image
};

enum class LabelWeights { none, inverse, given };

struct Recipe {
    model::ModelPackage package;  // as far as read_description() fills it
    std::string intended_use;
    std::vector<std::string> limits;
    std::map<std::string, std::string> renamed;  // a label of the dataset, and the model's name for it
    NetworkChoice network;
    Balance balance = Balance::none;
    AugmentationSettings augmentation;
    LabelWeights label_weights = LabelWeights::none;
    FitSettings fit;  // loss.weights: filled by the reader where given, else from the images
};

struct LoadedRecipe {
    Recipe recipe;  // usable only when there are no problems
    ConfigurationProblems problems;
};

inline constexpr std::size_t largest_recipe = 1 << 20;  // bytes

// `file`: its name, for problems; relative paths in the text are taken from its folder.
LoadedRecipe parse_recipe(const std::string& text, const std::filesystem::path& file);

// All that decides the outcome, for checkpoints and the model's card; the initial weights by their digest.
nlohmann::json settings_of(const Recipe& recipe, const std::string& initial_weights_sha256);

}  // namespace hilum::training
