// What a dataset holds: the contract between `hilum dataset`, which makes it, and training, evaluation and
// calibration, which read it. A dataset is a folder with
//   manifest.csv   one image a line: file,patient,site,split,labels,view,sex,age,manufacturer,pixels
//   excluded.csv   what was left out: file,reason,words (summary.h)
//   dataset.json   how it was made, and counts (summary.h)
// CSV as RFC 4180 has it, UTF-8, with a header row; columns in any order, further ones are not read.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hilum::dataset {

// What an image is for. `none`: undecided; an external set, or one that is still to be split.
enum class Split { none, training, validation, calibration, test };
inline constexpr std::array all_splits{Split::training, Split::validation, Split::calibration, Split::test};

// "training", "validation", "calibration", "test"; "" of none.
std::string_view name_of(Split split);
std::optional<Split> split_named(std::string_view name);

struct Image {
    std::filesystem::path file = {};  // as the manifest names it: relative to its folder, or absolute
    std::string patient = {};         // never empty
    std::string site = {};            // empty: not told
    Split split = Split::none;
    std::vector<std::string> labels = {};  // one or more, none twice, no '|' in them
    std::string view = {};                 // View Position, "PA"; empty: not told
    std::string sex = {};                  // "M", "F", "O"; empty: not told
    std::optional<double> age_years = {};  // see is_age()
    std::string manufacturer = {};         // empty: not told
    std::string pixels = {};  // SHA-256 of the decoded grey image (contract/messages/surveying.h)
    std::size_t line = 0;     // of manifest.csv, whose header row is line 1; 0: not read from one

    // Who the patient is among those of all sites: the same number at two sites is taken for two people.
    std::string person() const;
    bool has(std::string_view label) const;
};

struct Manifest {
    std::filesystem::path folder;
    std::vector<Image> images;  // in the order of the file

    std::filesystem::path path_of(const Image& image) const;  // where its file lies
    std::vector<std::string> labels() const;                  // all that occur, in the order of the alphabet
};

inline constexpr std::string_view manifest_name = "manifest.csv";

// Reads FOLDER/manifest.csv. The images' files are not looked at; blanks around cells and labels (but for
// files) are passed over. Codes: "unreadable"; "manifest" with every problem (the first 20 in words), each
// with the line and the column's name: what is no CSV, a column that is missing or there twice, a file that
// is named twice, an empty patient, no label, an unknown split, an age that is no number, a digest that is
// none.
Result<Manifest> read_manifest(const std::filesystem::path& folder);

// Writes FOLDER/manifest.csv whole or not at all. Codes: "manifest" for what read_manifest() would refuse;
// what the file system said.
Status write_manifest(const Manifest& manifest);

}  // namespace hilum::dataset
