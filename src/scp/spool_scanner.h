// The scanner process: reads the headers of files that lie in the spool and that no instance names, as a
// receiver does while it receives them. It exists because the coordinator parses no foreign bytes.
#pragma once

#include "base/channel.h"
#include "contract/configuration.h"
#include "contract/messages/scanning.h"

namespace hilum::scp {

// Serves ScanRequests one at a time until the coordinator closes its channel; returns the exit code.
int run_spool_scanner(Channel coordinator, const Configuration& configuration);

// What a receiver would have reported of the object in `fd`, a whole file under the name `file`. Error codes
// of the reply: those of read_file_meta_information, scan_header and check_uids, "transfer_syntax" (Hilum
// does not take it), "not_an_image", "not_now".
ScanReply scan_spool_file(int fd, const std::string& file, const ScpSettings& settings);

}  // namespace hilum::scp
