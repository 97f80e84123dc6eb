#include "base/confinement/call_groups.h"

#include <fmt/format.h>

#include <array>

namespace hilum {
namespace {

constexpr const char* work_calls[] = {
    // Memory.
    "brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "msync", "mincore", "memfd_create",
    // Threads.
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid",
    "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "membarrier", "getcpu", "arch_prctl", "exit", "exit_group", "restart_syscall",
    // Time, chance, and what one is.
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
    "getrandom", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
    "getgroups", "uname", "sysinfo", "getrusage", "getrlimit", "getpriority", "getcwd", "umask",
    // Signals.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack",
    // Open descriptors.
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek", "close",
    "close_range", "dup", "dup2", "dup3", "fstat", "ftruncate", "pipe", "pipe2", "poll", "ppoll", "select",
    "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "sendmsg", "recvmsg", "sendto", "recvfrom",
    "getsockopt", "setsockopt", "getsockname", "getpeername", "shutdown"};

constexpr const char* lookup_calls[] = {"stat",       "lstat",   "newfstatat", "statx",      "readlink",
                                        "readlinkat", "access",  "faccessat",  "faccessat2", "getdents64",
                                        "statfs",     "fstatfs", "fadvise64",  "readahead"};

constexpr const char* store_calls[] = {
    "open",  "openat",  "creat", "rename",    "renameat", "renameat2", "unlink",    "unlinkat",
    "mkdir", "mkdirat", "fsync", "fdatasync", "flock",    "fchmod",    "fallocate", "sync_file_range"};

constexpr const char* serve_calls[] = {"accept", "accept4"};

constexpr const char* fork_calls[] = {"wait4", "waitid", "setitimer"};

// "tgkill" of any: its children abort under its filter too, with a number that is not known yet.
constexpr const char* deepen_calls[] = {"tgkill",
                                        "pidfd_open",
                                        "signalfd4",
                                        "seccomp",
                                        "landlock_create_ruleset",
                                        "landlock_add_rule",
                                        "landlock_restrict_self",
                                        "capget",
                                        "capset",
                                        "setrlimit",
                                        "socketpair"};

constexpr const char* connect_calls[] = {"connect", "bind", "sendmmsg", "recvmmsg"};

constexpr const char* placement_calls[] = {"sched_setaffinity",
                                           "sched_setscheduler",
                                           "sched_setparam",
                                           "get_mempolicy",
                                           "set_mempolicy",
                                           "mbind",
                                           "mlock",
                                           "munlock",
                                           "setpriority"};

constexpr const char* nobodys_calls[] = {
    // Rings, whose work no filter sees.
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    // Other processes.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    "perf_event_open",
    // What widens the kernel's own surface.
    "bpf", "userfaultfd", "keyctl", "add_key", "request_key", "vmsplice", "personality", "modify_ldt",
    // Another world round the process.
    "unshare", "setns", "mount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount",
    "open_tree", "mount_setattr", "pivot_root", "chroot", "open_by_handle_at", "name_to_handle_at",
    // The machine.
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
    "swapoff", "acct", "quotactl", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "iopl", "ioperm", "vhangup", "lookup_dcookie", "fanotify_init",
    // Somebody else.
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
    "setfsgid"};

std::string list_of(std::span<const char* const> calls) {
    std::string text;
    for (const char* call : calls) text += fmt::format("{}`{}`", text.empty() ? "" : ", ", call);
    return text;
}

struct GroupText {
    CallGroup group;
    const char* what;
    const char* conditions;
};
constexpr std::array group_texts{
    GroupText{
        CallGroup::work, "all roles",
        "; `clone` for threads alone; `tgkill` of itself; `fcntl`, `ioctl`, `prctl` and `prlimit64` for "
        "what changes nothing beyond the process"},
    GroupText{CallGroup::lookup, "who opens files", "; `open` and `openat` for reading"},
    GroupText{CallGroup::store, "who writes files", ""},
    GroupText{CallGroup::serve, "who accepts connections", ""},
    GroupText{CallGroup::fork, "who forks", "; `clone` and `fork` without a namespace of its own"},
    GroupText{CallGroup::deepen, "who forks what is confined further", "; `prlimit64` of itself"},
    GroupText{CallGroup::connect, "who connects",
              "; `socket` for TCP, UDP, Unix sockets and the kernel's routes"},
    GroupText{CallGroup::placement, "who computes on all processors", ""},
};

}  // namespace

std::span<const char* const> calls_of(CallGroup group) {
    switch (group) {
        case CallGroup::work:
            return work_calls;
        case CallGroup::lookup:
            return lookup_calls;
        case CallGroup::store:
            return store_calls;
        case CallGroup::serve:
            return serve_calls;
        case CallGroup::fork:
            return fork_calls;
        case CallGroup::deepen:
            return deepen_calls;
        case CallGroup::connect:
            return connect_calls;
        case CallGroup::placement:
            return placement_calls;
        case CallGroup::anything:
            break;
    }
    return {};
}

std::span<const char* const> calls_of_nobody() {
    return nobodys_calls;
}

std::string call_groups_text() {
    std::string text;
    for (const auto& [group, what, conditions] : group_texts)
        text += fmt::format("- {}: {}{}.\n", what, list_of(calls_of(group)), conditions);
    return text + fmt::format("- nobody: {}.\n", list_of(nobodys_calls));
}

}  // namespace hilum
