// The operator's requests (contract/messages/control.h) and their answers: {"ok": {...}} or {"error":
// {"code", "message"}}.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"
#include "contract/messages/control.h"

namespace hilum {

// Answers a reading verb from the database alone: used by `hilum` when no daemon runs, as the owner of
// data_dir or root. A changing verb gets the error "not_running". Once `stop`, where there is one, says so,
// it reads no further, and answers with the error "stopped".
nlohmann::json answer_control_request(const std::filesystem::path& data_dir, const ControlRequest& request,
                                      const std::function<bool()>& stop = nullptr);

// {"error": {"code", "message"}}
nlohmann::json control_error(const Error& error);

}  // namespace hilum
