// A dataset's copy for others: images without what tells whose they are, pseudonyms in the manifest.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal/progress.h"
#include "cli/verb.h"
#include "deidentification/copying.h"
#include "evaluation/dataset/manifest.h"
#include "evaluation/dataset/summary.h"

namespace hilum::cli {

struct DeidentifySettings {
    std::filesystem::path dataset, output, key;
    deidentification::CopySettings copying;
    std::optional<std::filesystem::path> configuration = {};  // that which the dataset was made with
};

struct DoubtfulImage {
    std::filesystem::path file;  // of the copy
    std::string why;             // a code of deidentification/burned_in.h
};

struct DeidentifiedSet {
    std::vector<dataset::Image> images;        // of the copies, in the order of their names
    std::vector<dataset::Exclusion> left_out;  // by the source's names, which the copy must not have
    std::vector<DoubtfulImage> doubtful;
    nlohmann::json summary;  // as written
};

// Makes `output` whole, or not at all: manifest.csv, dataset.json, excluded.csv (lines of the source's
// manifest in place of names), doubtful.csv (file,reason) and images/. Each copy is decoded, and has the
// pixels that the manifest tells of. What is wrong with one image leaves that one out: the codes of
// copy_dicom() and copy_png(), "file_changed", and the decoder's. Codes: "exists"; "key" (as of
// read_or_make_key(), or it would lie in `output`); those of read_manifest(); "no_images"; what the file
// system said.
Result<DeidentifiedSet> deidentify_dataset(const DeidentifySettings& settings, Progress& progress);

void add_deidentify_verb(const Verb& group);

}  // namespace hilum::cli
