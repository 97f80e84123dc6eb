// Which role each path needs.
#pragma once

#include <optional>
#include <string_view>

#include "contract/access/access_role.h"

namespace hilum::monitor {

// None: whoever asks gets it, since no patient data is in it. Of what lies under /api/ and is unknown, what
// patient data needs: a path that somebody adds and forgets here is closed.
std::optional<AccessRole> needed_role(std::string_view path);

}  // namespace hilum::monitor
