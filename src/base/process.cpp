#include "base/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/file_system.h"

namespace hilum {
namespace {

std::map<std::string, UniqueFd>& pinned_programs() {
    static std::map<std::string, UniqueFd> programs;
    return programs;
}

// Runs in the child, between fork and exec: system calls only.
[[noreturn]] void become(const SpawnOptions& options, int program, char** arguments, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (options.dies_with_parent) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
    }
    if (!options.binds_privileged_port) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    // What a terminal says is for none of them.
    if (const int nothing = ::open("/dev/null", O_RDWR); nothing > 0) ::dup2(nothing, 0);
    if (options.nicer_by > 0)
        ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + options.nicer_by);
    // Move all out of the way first, so that no target number overwrites a source.
    if (program >= 0) program = ::fcntl(program, F_DUPFD, 64);
    int moved[16];
    const std::size_t count = options.descriptors.size();
    for (std::size_t i = 0; i < count; ++i) {
        moved[i] = ::fcntl(options.descriptors[i], F_DUPFD, 64);
        if (moved[i] < 0) ::_exit(127);
    }
    for (std::size_t i = 0; i < count; ++i)
        if (::dup2(moved[i], 3 + static_cast<int>(i)) < 0) ::_exit(127);
    ::syscall(SYS_close_range, 3 + count, ~0U, CLOSE_RANGE_CLOEXEC);
    if (program >= 0)
        ::execveat(program, "", arguments, environ, AT_EMPTY_PATH);
    else
        ::execv(arguments[0], arguments);
    ::_exit(127);
}

}  // namespace

Result<ChildProcess> spawn(const SpawnOptions& options) {
    if (options.descriptors.size() > 16) return fail("system", "too many descriptors for a child");
    std::vector<char*> arguments;
    for (const auto& argument : options.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const auto pinned = pinned_programs().find(options.arguments.front());
    const int program = pinned == pinned_programs().end() ? -1 : pinned->second.get();
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return tl::unexpected(system_error(errno, "cannot fork"));
    if (pid == 0) become(options, program, arguments.data(), parent);
    auto pidfd = open_pidfd(pid);
    if (!pidfd) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return tl::unexpected(pidfd.error());
    }
    return ChildProcess{pid, std::move(*pidfd)};
}

Result<UniqueFd> open_pidfd(pid_t child) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));  // pidfds are close-on-exec
    if (!fd) return tl::unexpected(system_error(errno, "cannot watch a child process"));
    return fd;
}

void kill_process(int pidfd) {
    ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

Status pin_program(const std::string& path) {
    UniqueFd program(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!program) return tl::unexpected(system_error(errno, "cannot open the program " + path));
    pinned_programs()[path] = std::move(program);
    return {};
}

std::size_t open_files_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

void raise_open_files_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void restart_with_sleeping_threads(char** argv) {
    if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
    (void)start_again_with_sleeping_threads(argv);  // returns where it fails; then slowly is better than not
}

Error start_again_with_sleeping_threads(char** argv) {
    ::setenv("OMP_WAIT_POLICY", "passive", 0);
    ::execv("/proc/self/exe", argv);
    return system_error(errno, "cannot execute the program once more");
}

void name_process(const std::string& name) {
    ::prctl(PR_SET_NAME, name.c_str());
}

std::string own_executable() {
    char path[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

std::string describe_exit(int wait_status) {
    if (WIFEXITED(wait_status)) return fmt::format("exited with status {}", WEXITSTATUS(wait_status));
    if (WIFSIGNALED(wait_status))
        return fmt::format("killed by signal {} ({})", WTERMSIG(wait_status),
                           strsignal(WTERMSIG(wait_status)));
    return fmt::format("ended with wait status {}", wait_status);
}

}  // namespace hilum
