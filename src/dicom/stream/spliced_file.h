// A file as a parser is to see it: with other bytes in some places, and without any copy of it. Includes
// DCMTK; include it from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrma.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "base/error.h"
#include "dicom/stream/dataset_mending.h"

namespace hilum {

// A stream for DcmFileFormat::read(). Values that DCMTK leaves in the file are read through it too, so the
// file must stay as long as what was read from it. `splices` are in order and do not overlap. Code
// "unreadable".
Result<std::unique_ptr<DcmInputStream>> open_spliced_file(const std::filesystem::path& file,
                                                          const std::vector<Splice>& splices);

}  // namespace hilum
