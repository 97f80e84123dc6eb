// What a process gives up before the first foreign byte. Which role keeps what: role_table.h, and for people
// docs/security.md.
#pragma once

#include <string>

#include "base/confinement/file_rules.h"
#include "base/confinement/role.h"
#include "base/error.h"

namespace hilum {

// The whole of it, for a process that has done what it needs more rights for: ports are bound, dictionaries
// loaded. It must have one thread: Landlock and capabilities are a thread's. `channel` is where a forbidden
// call is told. `address_space`: bytes, in place of the table's; 0: the table's.
Status confine(Role role, const Places& places, int channel, std::size_t address_space = 0);

// In two steps, where a library starts threads before main(): the first confines files and takes capabilities
// and lasts through execve(2) of the role's own program; the second filters the calls of all threads.
Status confine_program(Role role, const Places& places);
Status confine_threads(Role role, int channel);

// Of this kernel, once for a process of any role.
struct ConfinementSupport {
    bool call_filters = false;
    int landlock = 0;  // its version
};
ConfinementSupport confinement_support();

// "system calls filtered, files and TCP ports confined (Landlock 7)", or what of it the kernel lacks.
std::string support_text(const ConfinementSupport& support);

}  // namespace hilum
