// The page at "/": the node's state at a glance, for people.
#pragma once

#include "monitor/api.h"

namespace hilum::monitor {

// Self-contained HTML that shows how the node is and, with a token that a person types, what /api/v1/status
// and /api/v1/studies answer, every few seconds. The token stays in the page's memory. Shows no patient's
// name.
Response dashboard();

}  // namespace hilum::monitor
