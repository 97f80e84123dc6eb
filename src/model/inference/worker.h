// The worker process: one model, warm, on one device. It parses no foreign bytes but the model file, whose
// digest it compares; it has no network and no database.
#pragma once

#include <string>

#include "base/channel.h"
#include "contract/configuration.h"

namespace hilum::model {

// Loads the model onto `device` (one of settings.devices), names it after `settings` and `site`, and serves
// InferRequests until the coordinator closes its channel. Returns the exit code, a WorkerExit. A model that
// cannot be used is told with WorkerFailed.
int run_worker(Channel coordinator, const ModelSettings& settings, const SiteSettings& site,
               const std::string& device);

// Tells the coordinator why there is no model, and the log; returns the exit code, 1.
int report_failure(Channel& coordinator, const Error& error);

}  // namespace hilum::model
