// The images of a dataset as a model is to judge them, and what its verbs share on the command line.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/model_scoring.h"
#include "evaluation/dataset/manifest.h"
#include "evaluation/figures/measure.h"
#include "evaluation/statistics/operating_point.h"

namespace hilum::cli {

// A dataset's images of a split, or "all"; one that is there twice counts once.
struct SplitImages {
    dataset::Manifest manifest;
    std::size_t doubled = 0;  // that were left out
};
// Codes: what read_manifest() and dataset::check_judged() say; "empty" where there is none.
Result<SplitImages> read_split(const std::filesystem::path& folder, const std::string& split);

// Tells patients of all sites apart: the same number at two sites is taken for two people.
std::string patient_key(const std::string& site, const std::string& patient);

// As a model is to judge them. `renamed`: "dataset's label=model's label" each; several may become one.
std::vector<LabelledImage> labelled_images(const dataset::Manifest& manifest,
                                           const std::vector<std::string>& renamed);

// Both. Images that are there twice are told on context.err.
Result<std::vector<LabelledImage>> read_dataset_images(const Context& context,
                                                       const std::filesystem::path& folder,
                                                       const std::string& split,
                                                       const std::vector<std::string>& renamed);

// "chest (test)": how reports name it.
std::string dataset_name(const std::filesystem::path& folder, const std::string& split);

// For Option::checked().
std::string problem_of_renaming(const std::string& text);
std::function<std::string(const std::string&)> number_between(double low, double high, const char* example);

// A number between them, neither of the two; none where `text` is none.
std::optional<double> number_within(const std::string& text, double low, double high);

// How --sensitivity, --specificity and --cost, of which one is given at the most, were written.
struct AimWords {
    std::string sensitivity, specificity, cost;
};
// None where none is given. All are checked numbers; `prevalence` is given with a cost.
std::optional<statistics::Aim> aim_of(const AimWords& words, const std::string& prevalence);

// A line for each finding: images with and without it, area, sensitivity, specificity.
void print_figures(const Context& context, const std::vector<evaluation::LabelFigures>& labels);

}  // namespace hilum::cli
