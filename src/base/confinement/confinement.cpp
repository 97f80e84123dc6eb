#include "base/confinement/confinement.h"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/confinement/call_filter.h"
#include "base/confinement/forbidden_call.h"
#include "base/confinement/privileges.h"
#include "base/confinement/replaced_places.h"
#include "base/file_system.h"

namespace hilum {
namespace {

Status demand_one_thread() {
    const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), &::closedir);
    if (!tasks && (errno == ENOENT || errno == EACCES))
        return {};  // nobody can tell: a receiver sees no /proc
    if (!tasks) return tl::unexpected(system_error(errno, "cannot list the threads of this process"));
    int threads = 0;
    while (const dirent* task = ::readdir(tasks.get()))
        if (task->d_name[0] != '.') ++threads;
#if !defined(__SANITIZE_THREAD__)  // which has one of its own
    if (threads > 1)
        return fail("confinement", "{} threads run already, which would stay unconfined", threads);
#endif
    return {};
}

Status limit(const RoleRules& rules, std::size_t address_space) {
    if (auto left = leave_no_core(); !left) return left;
    if (rules.open_files > 0)
        if (auto limited = limit_open_files(rules.open_files); !limited) return limited;
    if (address_space == 0) address_space = rules.address_space;
    return address_space > 0 ? limit_address_space(address_space) : Status();
}

}  // namespace

Status confine(Role role, const Places& places, int channel, std::size_t address_space) {
    const auto& rules = rules_of(role);
    if (auto alone = demand_one_thread(); !alone) return alone;
    if (auto limited = limit(rules, address_space); !limited) return limited;
    if (auto confined = confine_program(role, places); !confined) return confined;
    return confine_threads(role, channel);
}

Status confine_program(Role role, const Places& places) {
    const auto& rules = rules_of(role);
    if (auto left = leave_no_core(); !left) return left;
    const auto kept = role == Role::coordinator ? KeptCapabilities::net_bind_service : KeptCapabilities::none;
    if (auto dropped = drop_capabilities(kept); !dropped) return dropped;
    if (auto fixed = gain_no_privileges(); !fixed) return fixed;
    if (!rules.files_confined) return {};
    if (landlock_version() > 0) note_places(rules, places);
    const auto files = landlock_rules(rules, places);
    return files ? restrict_to(*files) : tl::unexpected(files.error());
}

Status confine_threads(Role role, int channel) {
    if (auto hidden = hide_memory(); !hidden) return hidden;
    tell_of_forbidden_calls(channel);
    return filter_calls(role);
}

ConfinementSupport confinement_support() {
    const std::uint32_t action = SECCOMP_RET_TRAP;
    return {::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0, landlock_version()};
}

std::string support_text(const ConfinementSupport& support) {
    std::string text =
        support.call_filters ? "system calls filtered" : "system calls not filtered (no seccomp)";
    if (support.landlock == 0)
        return text + ", files and TCP ports not confined (the kernel has no Landlock)";
    text += support.landlock >= 4 ? ", files and TCP ports confined"
                                  : ", files confined, TCP ports not (Linux 6.7 does)";
    return text + fmt::format(" (Landlock {})", support.landlock);
}

}  // namespace hilum
