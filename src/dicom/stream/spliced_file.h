// A file as a parser is to see it: with other bytes in some places, and without any copy of it. Includes
// DCMTK; include it from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrma.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "dicom/stream/dataset_mending.h"

namespace hilum {

// A stream for DcmFileFormat::read(), of the file that `fd` is open at, from its begin. Values that DCMTK
// leaves in the file are read through it too, by a duplicate of `fd`. `splices` are in order and do not
// overlap. Code "unreadable".
Result<std::unique_ptr<DcmInputStream>> open_spliced_file(int fd, const std::vector<Splice>& splices);

}  // namespace hilum
