// The acceptance as JSON, for programs: acceptance.json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "evaluation/acceptance/acceptance.h"

namespace hilum::evaluation {

nlohmann::json to_json(const Acceptance& acceptance);

}  // namespace hilum::evaluation
