// System calls by what they are for. Names as the kernel has them; those that this processor does not have
// are passed over.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/confinement/role_table.h"

namespace hilum {

// Permitted whatever their arguments. Those whose arguments matter too are in call_filter.cpp.
std::span<const char* const> calls_of(CallGroup group);

// What no process of the node may.
std::span<const char* const> calls_of_nobody();

// Each group with its calls, and what nobody may, in Markdown.
std::string call_groups_text();

}  // namespace hilum
