// What the filter of calls keeps from others by itself, as on a kernel whose Landlock knows no signals
// (before 6.12).
#include "base/confinement/call_filter.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>

#include "base/confinement/role_table.h"

namespace hilum {
namespace {

class FilteredCalls : public testing::TestWithParam<Role> {
  protected:
    // Of a child that is filtered as the role is.
    static bool is_denied(const std::function<long()>& call) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            if (!filter_calls(GetParam())) ::_exit(2);
            ::_exit(call() < 0 && errno == EPERM ? 1 : 0);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS;
        EXPECT_LT(WEXITSTATUS(status), 2) << "it is not filtered";
        return WEXITSTATUS(status) == 1;
    }
};

std::string name_of_filtered(const testing::TestParamInfo<Role>& info) {
    std::string name(rules_of(info.param).name);
    std::erase(name, ' ');
    return name;
}
INSTANTIATE_TEST_SUITE_P(EachRole, FilteredCalls, testing::ValuesIn(all_roles), name_of_filtered);

TEST_P(FilteredCalls, SignalNoOtherProcess) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer signals";
#endif
    const bool narrow = GetParam() != Role::coordinator;
    const pid_t stranger = ::getpid();
    const rlimit never{RLIM_INFINITY, RLIM_INFINITY};
    EXPECT_EQ(is_denied([&] { return ::kill(stranger, 0); }), narrow);
    EXPECT_EQ(is_denied([&] { return ::syscall(SYS_pidfd_send_signal, -1, 0, nullptr, 0); }), narrow);
    // Which a listener's children make under its filter, to abort.
    EXPECT_EQ(is_denied([&] { return ::syscall(SYS_tgkill, stranger, stranger, 0); }),
              narrow && GetParam() != Role::listener);
    EXPECT_FALSE(is_denied([] { return ::syscall(SYS_tgkill, ::getpid(), ::gettid(), 0); }));
    // By whom a descriptor belongs to, and by a limit of processor time.
    EXPECT_EQ(is_denied([&] { return ::fcntl(0, F_SETOWN, stranger); }), narrow);
    EXPECT_EQ(is_denied([] { return ::fcntl(0, F_SETSIG, SIGUSR1); }), narrow);
    EXPECT_EQ(is_denied([&] { return ::ioctl(0, FIOSETOWN, &stranger); }), narrow);
    EXPECT_EQ(is_denied([&] { return ::syscall(SYS_prlimit64, stranger, RLIMIT_CPU, &never, nullptr); }),
              narrow);
}

}  // namespace
}  // namespace hilum
