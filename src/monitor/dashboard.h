// The page at "/": the node's state at a glance, for people.
#pragma once

#include "monitor/api.h"

namespace hilum::monitor {

// Self-contained HTML that fetches /api/v1/status and /api/v1/studies every few seconds. Shows no patient's
// name.
Response dashboard();

}  // namespace hilum::monitor
