// Which role each path needs, and what the audit trail calls it.
#pragma once

#include <optional>
#include <string_view>

#include "contract/access/access_role.h"

namespace hilum::monitor {

// None: whoever asks gets it, since no patient data is in it. Of what lies under /api/ and is unknown, what
// patient data needs: a path that somebody adds and forgets here is closed.
std::optional<AccessRole> needed_role(std::string_view path);

// How the audit trail names a path that needs a role: one that there is as it is, every other "other", so
// that strangers can neither fill the trail with what they make up nor write into it.
std::string_view audited_path(std::string_view path);

}  // namespace hilum::monitor
