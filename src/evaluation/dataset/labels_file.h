// The table of labels that a dataset is made of: one file a line, as a spreadsheet or a database export has
// it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace hilum::dataset {

// Names of columns. Of those that are empty here, "file", "label" (else "labels"), "patient" and "site" are
// read where the table has them.
struct LabelColumns {
    std::string file, label, patient, site;
};

// A line of the table. What it does not tell is empty; then the image's header counts.
struct LabelledFile {
    std::string file;
    std::vector<std::string> labels;  // joined by '|' in the table, in the order of the alphabet, none twice
    std::string patient, site;
    std::string view, sex, manufacturer;   // of columns of these names; sex as "M", "F", "O"
    std::optional<double> age_years = {};  // of a column "age"
    std::size_t line = 0;
};

// Codes: "unreadable", "csv", "labels" with every problem (the first 20 in words) and its line and column: a
// column that is not there, no file, a sex or age that cannot be read.
Result<std::vector<LabelledFile>> read_labels(const std::filesystem::path& file, const LabelColumns& columns);

// Which of `files` each line means: that of its path (absolute, from the table's own folder, or from one of
// `folders`), else the only one whose path ends so. Code "labels", with the lines: several files end so, or
// two lines mean one file. Empty: none.
using Matches = std::vector<std::optional<std::size_t>>;
Result<Matches> match_labels(const std::vector<LabelledFile>& labels, const std::filesystem::path& table,
                             const std::vector<std::filesystem::path>& files,
                             const std::vector<std::filesystem::path>& folders);

}  // namespace hilum::dataset
