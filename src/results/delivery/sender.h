// The sender process of one destination: delivers committed results by C-STORE.
#pragma once

#include <string>

#include "base/channel.h"
#include "pipeline/types/configuration.h"

namespace hilum::delivery {

// Serves DeliverRequests for the destination of that name until the coordinator closes its channel; returns
// the exit code.
int run_sender(Channel coordinator, const Configuration& configuration, const std::string& destination);

}  // namespace hilum::delivery
