// How a dataset came about, for dataset.json and excluded.csv, and for the page that a model's card becomes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "evaluation/dataset/manifest.h"

namespace hilum::dataset {

// A file, or a line of the table of labels, that is not in the manifest.
struct Exclusion {
    std::filesystem::path file;
    // "no_label" (no line, or an empty one), "no_file" (a line whose file is not there), "no_patient",
    // "duplicate" (the pixels of another image of the patient, with its labels), or why it cannot be read:
    // the codes of docs/operations.md
    std::string reason;
    std::string words;
    std::string patient = {}, site = {};  // whose image it is, as far as that is known
};

inline constexpr const char *excluded_name = "excluded.csv", *summary_name = "dataset.json";

// file,reason,words.
std::string excluded_csv(const std::vector<Exclusion>& exclusions);

// How many are left after each step.
struct Flow {
    std::size_t found = 0;     // files in the folders
    std::size_t labelled = 0;  // of these, with a label
    std::size_t read = 0;      // of these, that could be decoded
    std::size_t kept = 0;      // of these, in the manifest
};

struct Origin {
    std::vector<std::string> arguments;  // of the command line
    std::uint64_t seed = 0;
    Flow flow;
};

// {"version", "arguments", "seed", "flow": {found, labelled, read, kept, "excluded": {reason: n}}, "images",
// "patients", "labels": [...], "splits": {split or "none": {"images", "patients", "label": {value: n},
// "view", "sex", "age", "manufacturer", "site"}}}. What is not told counts as "unknown"; ages as age_band()
// has them.
nlohmann::json summary_of(const std::vector<Image>& images, const std::vector<Exclusion>& exclusions,
                          const Origin& origin);

// "0-17", then by tens of years: "18-29", "30-39" to "80-89", "90+"; "unknown".
std::string age_band(const Image& image);

}  // namespace hilum::dataset
