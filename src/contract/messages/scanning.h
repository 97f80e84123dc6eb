// The coordinator with the scanner (scp/spool_scanner.h): files of the spool that no instance names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "contract/messages/packet.h"
#include "contract/messages/receiving.h"

namespace hilum {

// coordinator -> scanner: a file of the spool that no instance names. One descriptor: the file, open for
// reading. Answered by ScanReply.
struct ScanRequest {
    static constexpr const char* type = "scan";
    std::string file;  // name within the spool folder
};
// scanner -> coordinator: what a receiver would have reported of the object.
struct ScanReply {
    static constexpr const char* type = "scan_reply";
    StoreCommit object;          // calling_ae from the file meta information
    std::uint64_t data_set = 0;  // bytes of the file from the data set's first one to its end
    std::optional<Error> error;  // none: `object` is whole; "not_now": it could not be read for a reason that
                                 // may pass
};

HILUM_MESSAGE(ScanRequest)
HILUM_MESSAGE(ScanReply)

}  // namespace hilum
