// The system calls of a role, kept by the kernel (seccomp).
#pragma once

#include <string>

#include "base/confinement/role.h"
#include "base/error.h"

namespace hilum {

// From now on the process and its threads, those that run already too, can make the calls of `role` alone,
// within what they could before. Sets no_new_privs.
Status filter_calls(Role role);

// "openat"; "number 999" for one that this system has no name for.
std::string call_name(int number);

}  // namespace hilum
