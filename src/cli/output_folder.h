// The command line's name for base/output/output_folder.h.
#pragma once

#include "base/output/output_folder.h"

namespace hilum::cli {

using hilum::OutputFolder;

}  // namespace hilum::cli
