// What another user may do with files: asked by root, who may do everything.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace hilum {

struct WantedAccess {
    std::filesystem::path path;
    int mode;  // of access(2): R_OK, W_OK, X_OK
};

bool user_exists(const std::string& name);

// Those of `wanted` that the user may not have, found out by a child process that becomes that user. Needs
// root, or that the user is the one who asks. Codes: "not_found" (no such user), "not_permitted", "system".
Result<std::vector<std::filesystem::path>> denied_to(const std::string& user,
                                                     const std::vector<WantedAccess>& wanted);

}  // namespace hilum
