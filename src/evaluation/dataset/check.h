// What is wrong with a dataset: what would make figures look better than they are, and what cannot be trained
// on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "evaluation/dataset/likeness.h"
#include "evaluation/dataset/manifest.h"

namespace hilum::dataset {

struct Finding {
    bool refused = true;  // false: worth knowing, and no more
    std::string code;
    std::string words;                         // what, and what to do; no patient's number
    std::vector<std::filesystem::path> files;  // all concerned, time after time, as the manifest names them
    std::size_t count = 1;                     // how many times
};
inline constexpr std::size_t most_shown_files = 6;  // where a person reads them

// Codes:
//   no_images              there is none
//   patient_in_two_splits  a patient has images in two
//   pixels_in_two_splits   one image is in two splits, under two names
//   picture_in_two_splits  likeness.h finds one picture in two splits
//   differing_labels       one image, twice, with different labels
//   class_without_images   a label that a split in use lacks, or none of the images: too few to split
//   split_in_part          some images have a split and some have none
//   not refused: duplicate (one image or picture twice in a split), patient_at_two_sites (one number in two
//   splits, at two sites: taken for two people)
// `thumbnails`: one for each image, empty where it is not known.
std::vector<Finding> check_images(const std::vector<Image>& images, const std::vector<Thumbnail>& thumbnails);

// Of the images of `split` (none: of all of the set), whether figures on them would be what they seem: codes
// "patient_in_two_splits" and "pixels_in_two_splits" where the model may have learned from them under another
// split, "differing_labels". With words and files for a person.
Status check_judged(const std::vector<Image>& images, std::optional<Split> split);

// Takes out all but the first of those that are one image of one patient with the same labels; how many.
std::size_t leave_out_doubled(std::vector<Image>& images);

bool is_refused(const std::vector<Finding>& findings);

}  // namespace hilum::dataset
