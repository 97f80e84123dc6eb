// The kernel's Landlock: files and TCP ports that a process keeps. Raw system calls; glibc has none for it.
// https://docs.kernel.org/userspace-api/landlock.html
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"

namespace hilum {

// Whether errno says that a path is not there, or not to be reached by this process. What merely could not be
// opened now would be forbidden for good.
bool is_absent(int error_number);

struct FileRule {
    std::filesystem::path path{};  // a folder with all below it, or a file; what is not there is passed over
    bool writes = false;
    bool executes = false;
};

struct LandlockRules {
    std::vector<FileRule> files{};
    std::vector<int> connect_ports{};  // all others are refused, and binding to any, where the kernel can
    bool any_device_control = false;   // ioctl(2) on device files, for drivers
};

// What the running kernel can: 0, there is none, or it is switched off; 1 files (Linux 5.13); 3 truncation
// too (6.2); 4 TCP ports (6.7); 5 ioctl on devices (6.10); 6 signals and abstract Unix sockets stay within
// (6.12).
int landlock_version();

// Confines this thread, and those and the processes that it starts from now on, programs that it executes
// too. Nothing, where the kernel has no Landlock. Needs no_new_privs.
Status restrict_to(const LandlockRules& rules);

}  // namespace hilum
