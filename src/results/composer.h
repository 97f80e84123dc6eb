// The composer process: builds the results of a study, proves them and makes them durable.
#pragma once

#include "base/channel.h"
#include "contract/configuration.h"

namespace hilum::results {

// Serves ComposeRequests one at a time until the coordinator closes its channel; returns the exit code.
int run_composer(Channel coordinator, const Configuration& configuration);

}  // namespace hilum::results
