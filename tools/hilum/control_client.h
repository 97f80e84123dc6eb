// Asks the running daemon over its control socket, or, when none runs, the database.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

#include "base/error.h"

namespace hilum::cli {

// The "ok" of the answer, or its "error". Without a daemon only reading verbs are answered; the others get
// the code "not_running". Codes beside the daemon's own: "not_permitted", "system", "protocol".
Result<nlohmann::json> ask(const std::filesystem::path& data_dir, const std::string& verb,
                           const nlohmann::json& args = nlohmann::json::object());

}  // namespace hilum::cli
