#include "base/sandbox.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "base/file_system.h"

namespace hilum {

Status deny_new_sockets() {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == nullptr) return fail("system", "cannot make a seccomp filter");
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);  // the threads that libraries started too
    if (error == 0) error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 0);
    if (error == 0) error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(connect), 0);
    if (error == 0) error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(execve), 0);
    if (error == 0) error = seccomp_load(filter);
    seccomp_release(filter);
    if (error != 0) return tl::unexpected(system_error(-error, "cannot load a seccomp filter"));
    return {};
}

Status limit_address_space(std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)bytes;
#else
    const rlimit limit{bytes, bytes};
    if (::setrlimit(RLIMIT_AS, &limit) != 0)
        return tl::unexpected(system_error(errno, "cannot limit the address space"));
#endif
    return {};
}

}  // namespace hilum
