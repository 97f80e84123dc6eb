// golden.yaml, the package's own cases (docs/model-package.md), and the names of files in a package.
#pragma once

#include <filesystem>

#include "model/package/model_package.h"

namespace hilum::model {

// Reads FOLDER/golden.yaml into the package; without one there are no cases. Adds to the problems; call it
// after model.yaml was read, whose labels the cases must fit.
void read_golden_yaml(LoadedPackage& loaded);

// Whether `name`, joined to a folder, stays within it.
bool names_file_within(const std::filesystem::path& name);

}  // namespace hilum::model
