// What the service manager is told: sd_notify(3)'s protocol, without its wait.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/units.h"

namespace hilum {

// Sends `state` ("READY=1", "WATCHDOG=1", lines of several) to the socket that NOTIFY_SOCKET names; nothing
// where it names none. A manager that hangs reads nothing, and its socket takes no more soon: it is waited
// for no longer than `patience`, where sd_notify(3) waits for ever. Error: it was not told.
Status tell_service_manager(std::string_view state, Duration patience = Duration::zero());

}  // namespace hilum
