// What the header scan of an object must have found before the object may be stored, and what of it is handed
// to the coordinator: the same for a receiver and for the scanner of what lies in the spool already.
#pragma once

#include <string_view>

#include "base/error.h"
#include "contract/messages/receiving.h"
#include "dicom/stream/header_scan.h"

namespace hilum::scp {

// The UIDs that a stored object is known by must be there, be UIDs, and be those under which it came (the
// command's, or the file meta information's). Codes: "missing_uid", "invalid_uid", "uid_mismatch".
Status check_uids(const HeaderScan& scan, std::string_view sop_class_uid, std::string_view sop_instance_uid);

ReceivedHeader to_header(HeaderScan scan, std::string_view transfer_syntax_uid);

}  // namespace hilum::scp
