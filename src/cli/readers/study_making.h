// From a dataset to a reader study: cases drawn, rendered by the node's own decoder, judged by the model
// where readers are to see its result, and laid out for each reader.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/output/output_folder.h"
#include "cli/terminal/progress.h"
#include "evaluation/readers/study.h"

namespace hilum::cli {

struct StudyWishes {
    std::filesystem::path dataset, package;  // package: empty where no result is shown
    std::string split = "test";
    std::vector<std::string> renamed;  // "dataset's label=NAME"
    std::vector<std::string> readers;
    std::vector<std::string>
        findings;  // that are asked for; empty: every label but those that name their absence
    readers::Design design = readers::Design::crossover;
    std::size_t cases = 0;  // 0: one of every patient
    bool balanced = false;
    int scale = 100;
    int washout_days = 28;
    bool may_go_back = false;
    bool any_use = false;  // images outside of the package's intended use are judged too
    std::uint64_t seed = 1;
    // Of the node as which images are read and judged; none: default settings.
    std::optional<std::filesystem::path> configuration = {};
};

struct MadeStudy {
    readers::Study study;
    std::size_t further_images = 0;     // of patients of whom another image was drawn
    std::size_t without_result = 0;     // cases that the model does not judge: readers are told so
    std::vector<std::string> unjudged;  // findings that the model has no label for
};

inline constexpr int picture_long_side = 1500;  // pixels

// Fills `output`, which the caller finishes. Codes: those of the dataset, the model and choose_cases();
// "readers" for names that are none or there twice; "findings" for a finding that no image has; "picture" for
// a case whose image cannot be shown.
Result<MadeStudy> make_study(const StudyWishes& wishes, OutputFolder& output, Progress& progress);

}  // namespace hilum::cli
