// The images of a dataset that a training uses: each with its tensor and what it should be taught.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "evaluation/dataset/manifest.h"
#include "model/package/model_package.h"
#include "training/data/augmentation.h"
#include "training/data/image_decoding.h"
#include "training/data/tensor_store.h"

namespace hilum::training {

struct TrainingImage {
    std::filesystem::path file;  // as the manifest names it
    std::size_t place = 0;       // in the store
    std::vector<float> target;   // 1 or 0 for each label
    std::vector<Box> boxes;      // in pixels of the input
};

struct UnreadImage {
    std::filesystem::path file;
    std::string reason, words;
};

struct TrainingSet {
    std::vector<TrainingImage> training, validation;
    std::vector<UnreadImage> unread;                  // that have no tensor, and those of SetWishes::left_out
    std::vector<std::filesystem::path> readable_now;  // of the latter: left out all the same
    std::size_t images = 0;                           // of the two splits, these too
    std::size_t decoded = 0;                          // of these now; the others were in the store
    // Of all that decides what is learned: files' pixels, labels, splits, boxes and tensors, in order.
    std::string digest;
};

struct SetWishes {
    std::vector<std::string> labels;             // the model's, in order
    std::map<std::string, std::string> renamed;  // a label of the dataset, and the model's name for it
    bool exclusive = true;        // softmax: exactly one of the labels; else any number, others mean nothing
    std::filesystem::path boxes;  // box_file.h; empty: none
    ImageReading reading;
    double most_unread = 0.05;  // share of the images that may have no tensor
    // Those of the training that is gone on with, as it told of them when it began: it would be another one
    // with images that have become readable since.
    std::vector<UnreadImage> left_out = {};
};

using Counting = std::function<void(std::size_t done, std::size_t all)>;

// Reads FOLDER/manifest.csv, decodes what the store lacks of the splits training and validation, and finishes
// the store. Images of other splits are not looked at, but for the check that nobody is in two. Codes: those
// of read_manifest() and read_boxes(), and "boxes" for those of no image; "leaking" for what
// dataset::check_images() refuses; "labels" where an image's labels are not the model's.
Result<TrainingSet> prepare_training_set(const std::filesystem::path& folder, const SetWishes& wishes,
                                         const model::InputSpecification& input, TensorStore& store,
                                         const Counting& counting);

// Whether it can be learned from. Codes: "unreadable" where more than `most_unread` have no tensor;
// "no_split" without training or validation images; "labels" where none or all of a split's images have a
// label.
Status check_training_set(const TrainingSet& set, const SetWishes& wishes,
                          const std::filesystem::path& folder);

}  // namespace hilum::training
