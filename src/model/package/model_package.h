// A model package: the folder with model.yaml and the TorchScript file that it names (docs/model-package.md).
// Read by the decoder, which prepares the input and judges the intended use, and by the worker, which runs
// it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/yaml_reader.h"
#include "contract/analysis.h"
#include "contract/configuration.h"
#include "model/package/calibration.h"

namespace hilum::model {

// The diagnosis of a model of independent findings that found none.
inline constexpr const char* no_finding = "no finding";

enum class Intensity { minmax, window, stored_range };
enum class Resize { letterbox, stretch, crop };
enum class Orientation { as_stored, standard };
enum class Frames { first, each };
enum class Shutter { as_stored, black };
enum class Precision { fp32, fp16, bf16, automatic };

struct InputSpecification {
    int rows = 0, columns = 0;  // pixels
    int channels = 1;           // 1 or 3; grey is repeated
    Intensity intensity = Intensity::minmax;
    Resize resize = Resize::letterbox;
    Orientation orientation = Orientation::as_stored;
    double range_low = 0, range_high = 1;     // what intensity's black and white become, before mean and std
    std::vector<double> mean{0.0}, std{1.0};  // `channels` values each
    Frames frames = Frames::first;            // which of an image with several
    Shutter shutter = Shutter::as_stored;     // what the model sees where a Display Shutter hides the image
    Precision precision = Precision::fp32;
};

// The intended use. An empty list accepts everything.
struct Acceptance {
    std::vector<std::string> modalities, body_parts, views;
    std::vector<std::string> sop_classes;          // UIDs
    std::vector<std::string> refused_image_types;  // * and ? stand for text; on Image and Conversion Type
    int min_side = 0;                              // pixels of the shorter side
    std::optional<double> min_age_years, max_age_years;
};

// What a model.yaml without the key refuses: pictures made of a radiograph for another purpose.
const std::vector<std::string>& default_refused_image_types();

struct Label {
    std::string name;
    Code code, site;
    double threshold = 0.5;
    bool abnormal = false;
};

// An image for which the package's maker knows what the model says, computed elsewhere.
struct GoldenCase {
    std::filesystem::path input;  // DICOM or grey PNG, within the package's folder
    std::vector<double> outputs;  // raw, before the activation, one per label
    double tolerance = 1e-3;      // how far each may differ
};

struct ModelPackage {
    std::filesystem::path folder;
    std::string name, version;
    std::string notice;  // shown with every result; empty only where cleared
    bool cleared_for_clinical_use = false;
    std::filesystem::path file;  // the TorchScript file, within `folder`
    std::string sha256;          // of it, as model.yaml says
    InputSpecification input;
    Acceptance accepts;
    Activation activation = Activation::softmax;
    std::vector<Label> labels;
    double indeterminate_margin = 0;  // softmax: see InferenceResult
    std::optional<PredictionSets>
        prediction_sets;  // softmax: decide what is indeterminate in the margin's place
    Calibration calibration;
    std::string yaml, yaml_sha256;   // model.yaml's text, and its digest
    std::vector<GoldenCase> golden;  // of golden.yaml
    std::string golden_sha256;       // of golden.yaml as it was read; empty without one
    std::string site;                // see apply_site()

    // Whether the scores may be called probabilities: calibrated on a named set.
    bool calibrated() const { return calibration.method != "none" && calibration.set != "none"; }
    bool may_call_indeterminate() const {
        return activation == Activation::softmax && (prediction_sets || indeterminate_margin > 0);
    }
};

struct LoadedPackage {
    ModelPackage package;            // usable only when there are no problems
    ConfigurationProblems problems;  // all of them, with line and key
};

inline constexpr std::size_t largest_model_yaml = 1 << 20;  // bytes
inline constexpr std::size_t most_golden_cases = 32;

// Reads FOLDER/model.yaml and, where there is one, FOLDER/golden.yaml. Does not read the weights.
LoadedPackage read_model_package(const std::filesystem::path& folder);

// `yaml` as the model.yaml of a package in `folder`, without golden cases.
LoadedPackage parse_model_yaml(std::string yaml, const std::filesystem::path& folder);

// Reads into `package` what model.yaml says but the weights and the calibration (name, version, notice,
// input, accepts, output), from a mapping of another file: of a package whose weights are still to be
// trained. Never cleared; without a notice it has none. Problems are noted at the mapping's lines.
void read_description(YamlMapping at, ModelPackage& package);

// Compares a golden case's outputs with those that the model gave. `least_tolerance`, relative to the largest
// expected output where that is above 1, holds where it is more than the case's own: half precision rounds.
// Code "golden_mismatch" names the label that differs most.
Status compare_golden(const ModelPackage& package, const GoldenCase& expected,
                      const std::vector<float>& outputs, double least_tolerance = 0);

// The package with the site's own thresholds in place of its own. Code "configuration" names unknown labels.
Status apply_thresholds(ModelPackage& package, const std::map<std::string, double>& thresholds);

// Notes what of the site's settings shapes the images that the model sees, for identity_of(): the rules for
// their polarity.
void apply_site(ModelPackage& package, const SiteSettings& site);

// Compares the weights' SHA-256 with the package's. Codes: "unreadable", "weights_digest".
Status verify_weights(const ModelPackage& package);

// The weights' bytes, read once and compared, so that what was checked is what is loaded. The same codes.
Result<std::string> read_verified_weights(const ModelPackage& package);

// What results are attributed to: name, version, digests of the weights and of all that shapes an output
// besides (model.yaml, the thresholds in force, the site's rules where there are any).
ModelIdentity identity_of(const ModelPackage& package);

// Labels, decisions and diagnosis from the model's raw outputs (logits or scores, one per label, in order).
// Code "not_finite" when one is NaN or infinite, "wrong_shape" when their number is not that of the labels,
// "out_of_range" when the activation is none and one is not from 0 to 1.
Result<InferenceResult> interpret_outputs(const ModelPackage& package, const std::vector<float>& outputs);

// Each diagnosis that interpret_outputs can come to.
std::vector<std::string> diagnoses_of(const ModelPackage& package);

}  // namespace hilum::model
