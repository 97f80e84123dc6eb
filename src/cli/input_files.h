// Files and folders that the operator names.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"

namespace hilum::cli {

struct InputFile {
    std::filesystem::path path;
    bool named = true;  // false: found in a folder, so that it may be something else
};

// The files, and those in the folders and below, in the order of their names. Code "unreadable" for a path
// that does not exist or a folder that cannot be read.
Result<std::vector<InputFile>> collect_files(const std::vector<std::filesystem::path>& paths);

}  // namespace hilum::cli
