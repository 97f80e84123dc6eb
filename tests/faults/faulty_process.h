// What the library of this folder shares with the test that runs it, and what it knows of its process.
#pragma once

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace hilum::faulty {

// As fault_plan.py writes it. The next `times` calls of this name fail, from the `first` on that the role
// makes since the plan was armed.
struct Plan {
    std::atomic<std::int32_t> armed;
    std::int32_t error;  // errno; 0: a write takes half of what it was given
    std::int64_t first, times;
    std::atomic<std::int64_t> seen, failed;
    std::atomic<std::int32_t> recording;  // a record is being made: one after the other
    std::int32_t unused;
    char role[16];  // coordinator | listener | receiver | decoder | worker | composer | sender | syslog |
                    // http | scanner
    char call[16];  // open | read | write | sync | rename | unlink | truncate | mkdir | mmap | memfd | ...
    char folder[PATH_MAX];  // of what is below this alone, where the call is about a file; empty: of all
};

template <typename Function>
Function next(const char* name, Function) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
#define HILUM_REAL(name) static const auto real = next(#name, &::name)

struct Process {
    Plan* plan = nullptr;
    int trace = -1;
    std::string folder;  // that is traced
    char role[16] = "coordinator";
    bool started_again = false;  // a worker, by itself, once it may open nothing more
};

inline Process& process() {
    static Process one;
    return one;
}

inline void find_role() {
    std::array<char, 4096> text{};
    const int fd =
        static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
    const auto size = ::syscall(SYS_read, fd, text.data(), text.size() - 1);
    ::syscall(SYS_close, fd);
    bool is_next = false;
    for (std::size_t at = 0; at < static_cast<std::size_t>(std::max(size, 0L));) {
        const std::string_view word(text.data() + at);
        if (is_next) std::snprintf(process().role, sizeof process().role, "%s", word.data());
        if (at == 0 && word.ends_with("hilum-worker")) std::strcpy(process().role, "worker");
        if (word == "--confined") process().started_again = true;
        is_next = word == "--role";
        at += word.size() + 1;
    }
}

// The descriptor of the file that the environment names by `variable`, above 900, so that programs which
// count on low numbers find them; -1: none is named. A worker hands it on to itself.
inline int open_named(const char* variable, int flags) {
    const char* name = std::getenv(variable);
    if (name == nullptr) return -1;
    const auto handed_on = std::string(variable) + "_FD";
    int high = -1;
    if (process().started_again) {
        if (const char* number = std::getenv(handed_on.c_str())) high = std::atoi(number);
    } else {
        const bool hands_on = std::strcmp(process().role, "worker") == 0;
        const auto fd = ::syscall(SYS_openat, AT_FDCWD, name, flags | O_CLOEXEC);
        high = static_cast<int>(::syscall(SYS_fcntl, fd, hands_on ? F_DUPFD : F_DUPFD_CLOEXEC, 900));
        if (fd >= 0) ::syscall(SYS_close, fd);
        if (hands_on) ::setenv(handed_on.c_str(), std::to_string(high).c_str(), 1);
    }
    if (high < 0) std::perror(variable), std::abort();
    return high;
}

// Before a sandbox forbids to open files.
inline void open_both() {
    find_role();
    if (const int fd = open_named("HILUM_FAULTS", O_RDWR); fd >= 0) {
        void* page = reinterpret_cast<void*>(
            ::syscall(SYS_mmap, nullptr, sizeof(Plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        if (page == MAP_FAILED) std::perror("HILUM_FAULTS"), std::abort();
        process().plan = static_cast<Plan*>(page);
    }
    const char* folder = std::getenv("HILUM_TRACE_FOLDER");
    if (folder == nullptr) return;
    process().trace = open_named("HILUM_TRACE", O_WRONLY | O_APPEND);
    process().folder = folder;
}

inline std::string path_of(int fd) {
    std::array<char, PATH_MAX> text{};
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto n = ::syscall(SYS_readlink, link.c_str(), text.data(), text.size());
    return n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : std::string();
}

inline std::string path_of(int folder, const char* name) {
    if (name[0] == '/') return name;
    return folder == AT_FDCWD ? std::string(name) : path_of(folder) + "/" + name;
}

// ---- faults ----

inline bool is_about(const char* call) {
    const Plan* plan = process().plan;
    return plan != nullptr && plan->armed.load() != 0 && std::strcmp(plan->call, call) == 0 &&
           std::strcmp(plan->role, process().role) == 0;
}

inline bool is_due() {
    Plan& plan = *process().plan;
    const auto number = ++plan.seen;
    if (number < plan.first || number >= plan.first + plan.times) return false;
    ++plan.failed;
    errno = plan.error;
    return true;
}

// Whether this call is to fail; then errno says how.
inline bool fails(const char* call) {
    return is_about(call) && is_due();
}
template <typename... Where>
bool fails_at(const char* call, Where... where) {
    if (!is_about(call)) return false;
    const std::string_view folder = process().plan->folder;
    const int before = errno;
    const bool below = folder.empty() || path_of(where...).starts_with(folder);
    errno = before;
    return below && is_due();
}
inline bool is_short() {
    return process().plan->error == 0;
}

// ---- the trace ----

enum class What : std::uint16_t { create, write, truncate, sync, rename, unlink, mkdir, sent };

struct [[gnu::packed]] Record {
    What what;
    std::uint16_t path_size;
    std::uint32_t data_size;
    std::int64_t offset;  // of a write; the size, of a truncation
};

// One call after another of all processes, each written down before the next begins.
class Recording {
  public:
    explicit Recording(bool wanted) : wanted_(wanted) {
        while (wanted_ && process().plan->recording.exchange(1) != 0) ::syscall(SYS_sched_yield);
    }
    ~Recording() {
        if (wanted_) process().plan->recording.store(0);
    }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    void keep(What what, const std::string& path, std::string_view data = {}, std::int64_t offset = 0) const {
        if (!wanted_) return;
        const int before = errno;
        const Record head{what, static_cast<std::uint16_t>(path.size()),
                          static_cast<std::uint32_t>(data.size()), offset};
        const std::array<iovec, 3> parts{{{const_cast<Record*>(&head), sizeof head},
                                          {const_cast<char*>(path.data()), path.size()},
                                          {const_cast<char*>(data.data()), data.size()}}};
        ::syscall(SYS_writev, process().trace, parts.data(), parts.size());
        errno = before;
    }

  private:
    const bool wanted_;
};

inline bool is_traced(const std::string& path) {
    return process().trace >= 0 && path.starts_with(process().folder) && !path.ends_with("-shm");
}
inline std::string traced_path(int fd) {
    if (process().trace < 0) return {};
    const int before = errno;
    auto path = path_of(fd);
    errno = before;
    return is_traced(path) ? path : std::string();
}

inline std::string_view as_text(const void* data, ssize_t size) {
    return {static_cast<const char*>(data), size > 0 ? static_cast<std::size_t>(size) : 0};
}

}  // namespace hilum::faulty
