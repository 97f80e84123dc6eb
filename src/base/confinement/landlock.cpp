#include "base/confinement/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

// The kernel's, by name where its header of Debian 12 is too old for them.
constexpr std::uint64_t truncate_right = 1ULL << 14, device_control_right = 1ULL << 15;
constexpr std::uint64_t bind_tcp_right = 1ULL << 0, connect_tcp_right = 1ULL << 1;
constexpr std::uint64_t scope_abstract_sockets = 1ULL << 0, scope_signals = 1ULL << 1;
constexpr auto port_rule = static_cast<landlock_rule_type>(2);

struct RulesetAttributes {
    std::uint64_t files = 0, ports = 0, scopes = 0;
};
struct PortAttributes {
    std::uint64_t rights = 0, port = 0;
};

constexpr std::uint64_t reading_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t rights_of_files =  // the others are of folders
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    truncate_right | device_control_right;

std::uint64_t all_file_rights(int version) {
    std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // of version 1
    if (version >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) rights |= truncate_right;
    if (version >= 5) rights |= device_control_right;
    return rights;
}

std::uint64_t rights_of(const FileRule& rule, bool device_control) {
    std::uint64_t rights = reading_rights;
    if (rule.executes) rights |= LANDLOCK_ACCESS_FS_EXECUTE;
    if (rule.writes)
        rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                  LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate_right;
    if (rule.writes && device_control) rights |= device_control_right;
    return rights;
}

Status add_file(int ruleset, const FileRule& rule, std::uint64_t rights) {
    const UniqueFd path(::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
    if (!path && is_absent(errno)) return {};
    struct stat info {};
    if (!path || ::fstat(path.get(), &info) != 0)
        return tl::unexpected(system_error(errno, "cannot confine to " + rule.path.string()));
    if (!S_ISDIR(info.st_mode)) rights &= rights_of_files;
    const landlock_path_beneath_attr attributes{rights, path.get()};
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attributes, 0) != 0)
        return tl::unexpected(system_error(errno, "cannot confine to " + rule.path.string()));
    return {};
}

Status add_port(int ruleset, int port) {
    const PortAttributes attributes{connect_tcp_right, static_cast<std::uint64_t>(port)};
    if (::syscall(SYS_landlock_add_rule, ruleset, port_rule, &attributes, 0) != 0)
        return tl::unexpected(system_error(errno, fmt::format("cannot confine to port {}", port)));
    return {};
}

}  // namespace

bool is_absent(int error_number) {
    return error_number == ENOENT || error_number == ENOTDIR || error_number == EACCES ||
           error_number == ELOOP;
}

int landlock_version() {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : static_cast<int>(version);
}

Status restrict_to(const LandlockRules& rules) {
    const int version = landlock_version();
    if (version == 0) return {};
    RulesetAttributes handled{all_file_rights(version)};
    std::size_t size = sizeof handled.files;
    if (version >= 4) {
        handled.ports = bind_tcp_right | connect_tcp_right;
        size += sizeof handled.ports;
    }
    if (version >= 6) {
        handled.scopes = scope_abstract_sockets | scope_signals;
        size += sizeof handled.scopes;
    }
    const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size, 0)));
    if (!ruleset) return tl::unexpected(system_error(errno, "cannot make a Landlock ruleset"));
    for (const auto& rule : rules.files) {
        const auto rights = rights_of(rule, rules.any_device_control) & handled.files;
        if (auto added = add_file(ruleset.get(), rule, rights); !added) return added;
    }
    if (version >= 4)
        for (const int port : rules.connect_ports)
            if (auto added = add_port(ruleset.get(), port); !added) return added;
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return tl::unexpected(system_error(errno, "cannot enter a Landlock domain"));
    return {};
}

}  // namespace hilum
