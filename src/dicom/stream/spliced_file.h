// A file as a parser is to see it: with other bytes in some places, and without any copy of it. Includes
// DCMTK; include it from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrma.h>

#include <atomic>
#include <memory>
#include <vector>

#include "base/error.h"
#include "dicom/stream/dataset_mending.h"

namespace hilum {

// Whether a file could be read, of which DCMTK reads long values when they are asked for: a disk that fails
// then is to it a damaged file, or a value that is empty. What came of a file counts only where status()
// holds after the last look at it.
class FileReads {
  public:
    Status status() const;                // of all reads so far; code "unreadable"
    void failed(int error_number) const;  // with errno

  private:
    std::shared_ptr<std::atomic<int>> error_ = std::make_shared<std::atomic<int>>(0);
};

// A stream for DcmFileFormat::read(), of the file that `fd` is open at, from its begin. Values that DCMTK
// leaves in the file are read through it too, by a duplicate of `fd`; `reads` hears of each read that fails,
// as long as there is a stream. `splices` are in order and do not overlap. Code "unreadable".
Result<std::unique_ptr<DcmInputStream>> open_spliced_file(int fd, const std::vector<Splice>& splices,
                                                          const FileReads& reads);

}  // namespace hilum
