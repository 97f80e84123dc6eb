// What is known of drawn radiographs, as `hilum dataset create` and `hilum-train --boxes` read it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "phantom/phantom_dicom.h"

namespace hilum::cli {

inline constexpr std::string_view phantom_labels_name = "labels.csv", phantom_boxes_name = "boxes.csv";

// Before the drawing. Code "exists" where `folder` has one of the tables: it tells of radiographs that the
// new one would not know.
Status no_phantom_tables_in(const std::filesystem::path& folder);

// FOLDER/labels.csv (file,label) and FOLDER/boxes.csv (file,x,y,width,height,abnormality: the smallest box
// round each lesion, in pixels of the image as it is stored, without what lies outside it). `file` is the
// name within the folder. Codes: what the file system said.
Status write_phantom_tables(const std::filesystem::path& folder,
                            const std::vector<phantom::WrittenPhantom>& written);

}  // namespace hilum::cli
