// What a process has beyond its user: capabilities, the right to gain more, its limits, its memory's face.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace hilum {

enum class KeptCapabilities { none, net_bind_service };

// Of the process's only thread, and of the programs that it executes. The bounding set too, where the process
// may change it; under a unit that has narrowed it already, it may not.
Status drop_capabilities(KeptCapabilities kept);

// execve(2) gives nothing any more: no set-user-ID, no capabilities of files. For good.
Status gain_no_privileges();

// Other processes of the same user cannot read its memory or trace it, and there is no core. Not under a
// sanitizer, which traces itself.
Status hide_memory();

// Allocations beyond `bytes` of address space fail. Not for processes with a GPU runtime or a sanitizer,
// which reserve terabytes; with the latter it does nothing.
Status limit_address_space(std::size_t bytes);

// At most so many, where the system does not allow fewer.
Status limit_open_files(std::size_t files);

Status leave_no_core();

}  // namespace hilum
