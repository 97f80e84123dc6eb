// Comparing secrets.
#pragma once

#include <string_view>

namespace hilum {

// Whether both are the same, in a time that tells nothing of where they differ.
bool same_secret(std::string_view one, std::string_view other);

}  // namespace hilum
