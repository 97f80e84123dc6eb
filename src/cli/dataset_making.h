// From folders of images and a table of labels to what a dataset holds, and back: looking whether it still
// does.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/dataset/report_labels.h"
#include "cli/terminal/progress.h"
#include "evaluation/dataset/check.h"
#include "evaluation/dataset/labels_file.h"
#include "evaluation/dataset/manifest.h"
#include "evaluation/dataset/splitting.h"
#include "evaluation/dataset/summary.h"

namespace hilum::cli {

struct DatasetSources {
    std::vector<std::filesystem::path> images;  // files, and folders of them
    std::filesystem::path labels;               // the table; empty: reports alone tell
    dataset::LabelColumns columns;
    ReportSources reports;  // for images to which the table gives no label; none: the table alone tells
    std::string site;       // of all images; empty: as the table says
    std::optional<std::filesystem::path> configuration = {};  // of the node that reads them; none: defaults
};

struct GatheredImages {
    std::vector<dataset::Image> images;  // by their files' names, absolute; not yet split
    std::vector<dataset::Thumbnail> thumbnails;
    std::vector<dataset::Exclusion> exclusions;
    dataset::Flow flow;
};

// Reads every image that has a label with the node's decoder. What the table tells of an image counts before
// what its header does. Whatever is wrong with one image excludes that one. Codes: "unreadable" for the
// folders, those of read_labels(), match_labels() and labels_of_reports(), what keeps the decoder from
// starting.
Result<GatheredImages> gather_images(const DatasetSources& sources, Progress& progress);

// `place` whole, or not there: written beside it, then renamed. `summary`: summary_of() the same images.
// Codes: "exists"; what the file system said.
Status write_dataset(const std::filesystem::path& place, const GatheredImages& gathered,
                     const nlohmann::json& summary);

// check_images() of a dataset as it is on the disk, and besides, all refused: "file_missing",
// "file_unreadable", "file_changed" (its pixels are not those that the manifest was made of), and of
// `folders` "file_without_label" (neither in the manifest nor in excluded.csv). `configuration`: that which
// the dataset was made with.
Result<std::vector<dataset::Finding>> check_dataset(const std::filesystem::path& dataset,
                                                    const std::vector<std::filesystem::path>& folders,
                                                    const std::optional<std::filesystem::path>& configuration,
                                                    Progress& progress);

}  // namespace hilum::cli
