#include "base/confinement/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file_system.h"

namespace hilum {
namespace {

Status set_limit(__rlimit_resource resource, rlim_t value, const char* what) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0) return tl::unexpected(system_error(errno, what));
    limit.rlim_cur = limit.rlim_max = std::min(value, limit.rlim_max);
    if (::setrlimit(resource, &limit) != 0) return tl::unexpected(system_error(errno, what));
    return {};
}

// Both structures have two halves of 32 capabilities each.
using CapabilitySets = std::array<__user_cap_data_struct, 2>;
__user_cap_header_struct own_header() {
    return {_LINUX_CAPABILITY_VERSION_3, 0};
}

bool is_permitted(const CapabilitySets& sets, unsigned capability) {
    return (sets[capability / 32].permitted >> (capability % 32) & 1) != 0;
}

}  // namespace

Status drop_capabilities(KeptCapabilities kept) {
    auto header = own_header();
    CapabilitySets sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0)
        return tl::unexpected(system_error(errno, "cannot tell the process's capabilities"));
    const auto keeps = [&](unsigned capability) {
        return kept == KeptCapabilities::net_bind_service && capability == CAP_NET_BIND_SERVICE;
    };
    const bool has_none = std::ranges::all_of(
        sets, [](const auto& half) { return half.permitted == 0 && half.inheritable == 0; });
    if (has_none) return {};
    if (is_permitted(sets, CAP_SETPCAP))
        for (unsigned i = 0; ::prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; ++i)
            if (!keeps(i) && ::prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
                return tl::unexpected(system_error(errno, "cannot narrow the capability bounding set"));
    if (kept == KeptCapabilities::none) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    CapabilitySets left{};
    if (kept == KeptCapabilities::net_bind_service) {
        constexpr std::uint32_t bit = 1U << CAP_NET_BIND_SERVICE;
        left[0] = {sets[0].effective & bit, sets[0].permitted & bit, sets[0].inheritable & bit};
    }
    header = own_header();
    const bool denied = ::syscall(SYS_capset, &header, left.data()) != 0;
    // A unit may have denied capset(2) to all. What it leaves then is one that no call of a role makes use
    // of.
    const bool harmless = sets[1].permitted == 0 && (sets[0].permitted & ~(1U << CAP_NET_BIND_SERVICE)) == 0;
    if (denied && !(errno == EPERM && harmless))
        return tl::unexpected(system_error(errno, "cannot give up capabilities"));
    return {};
}

Status gain_no_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return tl::unexpected(system_error(errno, "cannot set no_new_privs"));
    return {};
}

Status hide_memory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return tl::unexpected(system_error(errno, "cannot hide the process's memory"));
#endif
    return {};
}

Status limit_address_space(std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)bytes;
    return {};
#else
    return set_limit(RLIMIT_AS, bytes, "cannot limit the address space");
#endif
}

Status limit_open_files(std::size_t files) {
    return set_limit(RLIMIT_NOFILE, files, "cannot limit the open files");
}

Status leave_no_core() {
    return set_limit(RLIMIT_CORE, 0, "cannot forbid core dumps");
}

}  // namespace hilum
