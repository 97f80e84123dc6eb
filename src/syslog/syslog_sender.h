// The process that sends the audit trail to one syslog server.
#pragma once

#include <string>

#include "base/channel.h"
#include "contract/configuration.h"

namespace hilum::syslog {

// Serves ForwardRequests for the server of that name until the coordinator closes its channel; returns the
// exit code.
int run_syslog_sender(Channel coordinator, const Configuration& configuration, const std::string& server);

}  // namespace hilum::syslog
