// Asks the running daemon over its control socket, or, when none runs, the database.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <string>

#include "base/error.h"
#include "base/units.h"
#include "contract/configuration.h"
#include "contract/messages/control.h"

namespace hilum::cli {

// A daemon answers in milliseconds; one that does not within this time hangs.
inline constexpr Duration usual_patience = std::chrono::seconds(60);
// For what takes as long as it takes: loading models, reading the whole audit trail. That the daemon answers
// at all is seen before, with the usual patience.
inline constexpr Duration endless_patience = std::chrono::hours(24);

// The "ok" of the answer, or its "error". Without a daemon only reading verbs are answered; the others get
// the code "not_running". Where a daemon holds the data_dir and does not listen, all verbs get "no_answer"
// but the status, which tells of it as "unreachable". Codes beside the daemon's own: "not_permitted",
// "no_answer" (within `patience`), "system", "protocol", "configuration" (a path that is too long for a
// socket).
Result<nlohmann::json> ask(const NodeSettings& node, const ControlRequest& request,
                           Duration patience = usual_patience);

// The same of a daemon alone: where none runs, the code "not_running" for reading verbs too. For what is
// shown before the daemon is asked to change it.
Result<nlohmann::json> ask_running(const NodeSettings& node, const ControlRequest& request);

}  // namespace hilum::cli
