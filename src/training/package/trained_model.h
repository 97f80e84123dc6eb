// What a training hands over to become a model package.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/dataset/manifest.h"
#include "evaluation/figures/measure.h"
#include "model/package/model_package.h"

namespace hilum::training {

// An image of which the package proves that it is still judged as it was. It travels with the package: only
// one that the user named, without patient data.
struct GoldenImage {
    std::filesystem::path file;   // DICOM, or a grey PNG
    std::vector<double> outputs;  // of the trained network on the decoder's tensor, raw; one a label
};

struct Epoch {
    int number = 0;  // from 1
    double learning_rate = 0;
    double training_loss = 0;
    std::optional<double> validation_loss = {};
    std::optional<double> validation_area = {};  // under the ROC curve; of several labels the mean
};

// Figures of the model on a set that it did not learn from.
struct HandedFigures {
    std::string set;        // its name, "chest/validation"
    bool external = false;  // of another place than the training images
    evaluation::Figures figures;
};

struct TrainedModel {
    // Name, version, notice, input, accepts, activation, labels and indeterminate_margin; the rest is not
    // read. Without a notice it is default_notice.
    model::ModelPackage package;
    std::string weights;  // the bytes of the TorchScript file: saved() of network/network.h
    std::vector<GoldenImage> golden;

    // For the card and metrics.json:
    std::string intended_use;  // sentences, by the user; may be empty
    dataset::Manifest data;    // as it was used; its folder's dataset.json tells how it came about
    std::map<std::string, std::size_t> unread;  // images of it that could not be decoded, by the error's code
    std::vector<std::pair<std::string, std::string>>
        recipe;  // all settings, the seed, the versions; in order
    std::vector<Epoch> epochs;
    int best_epoch = 0;  // whose weights these are; 0: not told
    std::vector<HandedFigures> figures;
    std::vector<std::string> limits;  // sentences, by the user
};

inline constexpr const char* default_notice = "Research demonstration, not for clinical use";

}  // namespace hilum::training
