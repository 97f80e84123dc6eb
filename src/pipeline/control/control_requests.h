// The operator's requests: {"verb": ..., "args": {...}} -> {"ok": {...}} or {"error": {"code", "message"}}.
// Verbs that read: status, jobs.list, jobs.show, studies, results.withdrawal (what a withdrawal would do),
// audit.export, audit.verify. Verbs that change (jobs.retry, jobs.discard, results.resend, results.withdraw,
// destinations.pause, destinations.resume, model.reload) need the daemon.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

#include "base/error.h"

namespace hilum {

// Answers a reading verb from the database alone: used by `hilum` when no daemon runs, as the owner of
// data_dir or root. A changing verb gets the error "not_running".
nlohmann::json answer_control_request(const std::filesystem::path& data_dir, const nlohmann::json& request);

// {"error": {"code", "message"}}
nlohmann::json control_error(const Error& error);

}  // namespace hilum
