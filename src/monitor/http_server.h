// The http process: /healthz, /readyz, /metrics and prediction, on `http.listen` and `http.socket`.
#pragma once

#include "base/channel.h"
#include "base/heartbeat.h"
#include "contract/configuration.h"

namespace hilum::monitor {

// Serves HTTP until the coordinator closes its channel; returns the exit code. Reads the database only.
int run_http(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration);

}  // namespace hilum::monitor
