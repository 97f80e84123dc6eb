// The demonstration model as a package: model.pt, model.yaml, metrics.json.
#pragma once

#include <torch/script.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "model/package/model_package.h"

namespace hilum::demo_model {

// What the model's input is made from, in training as in the node.
model::InputSpecification demo_input();

struct DemoPackage {
    torch::jit::Module network;
    double temperature = 1;
    std::string calibration_set;  // what the temperature was fitted on
    nlohmann::json metrics;
};

// Writes the package's three files into `folder`, which is made if it does not exist.
Status write_package(const DemoPackage& package, const std::filesystem::path& folder);

}  // namespace hilum::demo_model
