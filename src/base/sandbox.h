// What a process that parses foreign bytes gives up before the first of them.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace hilum {

// From now on this process and its threads cannot make sockets: seccomp answers EPERM. Sockets that are open
// stay.
Status deny_new_sockets();

// Allocations beyond `bytes` of address space fail. Not for processes with a GPU runtime or AddressSanitizer,
// which reserve terabytes; with the latter it does nothing.
Status limit_address_space(std::size_t bytes);

}  // namespace hilum
