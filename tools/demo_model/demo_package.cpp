#include "demo_model/demo_package.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/file_system.h"
#include "demo_model/demo_network.h"

namespace hilum::demo_model {
namespace {

constexpr double input_mean = 0.5, input_std = 0.25;

Status write_text(const std::filesystem::path& file, std::string_view text) {
    return write_file_durably(file, std::as_bytes(std::span(text.data(), text.size())));
}

Result<std::string> save_weights(const torch::jit::Module& network, const std::filesystem::path& file) {
    try {
        network.save(file.string());
    } catch (const std::exception& error) {
        return fail("unwritable", "cannot write {}: {}", file.string(), error.what());
    }
    return sha256_of_file(file);
}

std::string model_yaml(const DemoPackage& package, const std::string& sha256) {
    return fmt::format(
        R"(# The demonstration model: written by hilum-train-demo-model, measured in metrics.json and
# docs/demonstration-model.md. It has seen synthetic radiographs only and is not for clinical use.
name: hilum-demonstration
version: 1.0.0
notice: Demonstration model, not for clinical use
cleared: false
file: model.pt
sha256: {sha256}
input:
  rows: {side}
  columns: {side}
  channels: 1
  intensity: minmax
  resize: letterbox
  interpolation: bilinear
  range: [0.0, 1.0]
  mean: {mean}
  std: {std}
  precision: fp32
accepts:
  modalities: [CR, DX]
  body_parts: [CHEST]
  views: [PA, AP]
  patient_age: {{min: 18y}}
output:
  activation: softmax
  labels:
    - name: Normal
      code: {{value: "17621005", scheme: SCT, meaning: Normal}}
      abnormal: false
    - name: Pneumonia
      code: {{value: "233604007", scheme: SCT, meaning: Pneumonia}}
      site: {{value: "39607008", scheme: SCT, meaning: Lung}}
      abnormal: true
    - name: Requires further evaluation
      code: {{value: "further-eval", scheme: 99HILUM, meaning: Requires further evaluation}}
      abnormal: true
calibration:  # holds for phantoms, not for patients
  method: temperature
  value: {temperature:.4f}
  set: {set}
)",
        fmt::arg("sha256", sha256), fmt::arg("side", network_input_side), fmt::arg("mean", input_mean),
        fmt::arg("std", input_std), fmt::arg("temperature", package.temperature),
        fmt::arg("set", nlohmann::json(package.calibration_set).dump()));
}

}  // namespace

model::InputSpecification demo_input() {
    model::InputSpecification input;
    input.rows = input.columns = network_input_side;
    input.mean = {input_mean};
    input.std = {input_std};
    return input;
}

Status write_package(const DemoPackage& package, const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail("unwritable", "cannot make {}: {}", folder.string(), error.message());
    const auto sha256 = save_weights(package.network, folder / "model.pt");
    if (!sha256) return tl::unexpected(sha256.error());
    if (auto status = write_text(folder / "model.yaml", model_yaml(package, *sha256)); !status) return status;
    return write_text(folder / "metrics.json", package.metrics.dump(2) + "\n");
}

}  // namespace hilum::demo_model
