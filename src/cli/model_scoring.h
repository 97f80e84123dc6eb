// A model on the images of a dataset, through the node's own decoder and worker.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal/progress.h"
#include "evaluation/figures/scored_case.h"
#include "model/package/model_package.h"
#include "model/process/model_process.h"

namespace hilum::cli {

// An image whose truth is known.
struct LabelledImage {
    std::filesystem::path file;
    evaluation::CaseFacts facts;
    std::vector<std::string> labels;  // what it shows
};

struct ScoringSettings {
    std::string set;       // the dataset's name, for reports
    bool any_use = false;  // images outside of the package's intended use are judged too
    // Of the node as which images are judged: its site, limits, and thresholds for this package. None:
    // default settings.
    std::optional<std::filesystem::path> configuration = {};
};

// Whether the package's intended use is looked at before the model judges this file.
bool use_is_checked(const std::filesystem::path& file, const ScoringSettings& settings);

// What the model says of each; what it does not judge, and files that cannot be read, are among `unscored`.
// PNG files tell nothing of view, age or body part, so that no intended use can be checked on them. Codes:
// "labels" where an image's labels do not fit the model's (none or several of classes that exclude each
// other, or one that the model does not know); "configuration"; what else prevents the model from running.
Result<evaluation::ScoredSet> score_images(const std::filesystem::path& package,
                                           const std::vector<LabelledImage>& images,
                                           const ScoringSettings& settings, Progress& progress);

}  // namespace hilum::cli
