// Which object a file is, whatever its kind. Free of DCMTK.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace hilum {

struct ObjectIdentity {
    std::string sop_class_uid, sop_instance_uid, study_instance_uid;
};

// Scans the file to its end, so that it is known to be whole, without parsing it or reading its pixels. Codes
// of scan_header() and read_file_meta_information(), "transfer_syntax", "unreadable".
Result<ObjectIdentity> identify_object(const std::filesystem::path& file);

}  // namespace hilum
