#include "base/local/unix_socket.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/file_system.h"

namespace hilum {
namespace {

constexpr int backlog = 64;

// Takes away what nobody listens on any more.
Status make_room(const std::filesystem::path& path, const sockaddr_un& address, int type) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) != 0)
        return errno == ENOENT ? Status()
                               : tl::unexpected(system_error(errno, "cannot look at " + path.string()));
    if (!S_ISSOCK(there.st_mode))
        return fail("exists", "{} is there and is no socket: remove it, or name another path", path.string());
    const UniqueFd probe(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return tl::unexpected(system_error(errno, "cannot make a socket"));
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        errno == EAGAIN || errno == EPROTOTYPE)
        return fail("in_use", "another process listens on {}: stop it, or name another path", path.string());
    if (errno != ECONNREFUSED)
        return tl::unexpected(
            system_error(errno, "cannot tell whether somebody listens on " + path.string()));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return tl::unexpected(system_error(errno, "cannot remove the dead socket " + path.string()));
    return {};
}

}  // namespace

Result<sockaddr_un> unix_address(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path)
        return fail("configuration", "the path {} is too long for a socket ({} characters at most)",
                    path.string(), sizeof address.sun_path - 1);
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    return address;
}

Result<UniqueFd> listen_at(const std::filesystem::path& path, int type, mode_t mode) {
    const auto address = unix_address(path);
    if (!address) return tl::unexpected(address.error());
    if (auto room = make_room(path, *address, type); !room) return tl::unexpected(room.error());
    UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Nobody but the owner can connect before chmod(): the others lack the right to write.
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        ::chmod(path.c_str(), mode) != 0 || ::listen(socket.get(), backlog) != 0)
        return tl::unexpected(system_error(errno, "cannot listen on " + path.string()));
    return socket;
}

bool UnixPeer::is_in(gid_t group) const {
    return std::ranges::find(groups, group) != groups.end();
}

Result<UnixPeer> unix_peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return tl::unexpected(system_error(errno, "cannot tell who connected"));
    UnixPeer peer{credentials.pid, credentials.uid, {}};
    std::vector<gid_t> groups(64);
    for (;;) {
        size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const int got = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
        if (got != 0 && errno != ERANGE)
            return tl::unexpected(system_error(errno, "cannot tell the groups of who connected"));
        groups.resize(size / sizeof(gid_t));  // as many as there are, also where there was no room
        if (got == 0) break;
    }
    peer.groups = std::move(groups);
    peer.groups.push_back(credentials.gid);
    return peer;
}

std::optional<gid_t> group_id(const std::string& group) {
    gid_t number = 0;
    const char* const end = group.data() + group.size();
    if (const auto read = std::from_chars(group.data(), end, number);
        read.ec == std::errc() && read.ptr == end)
        return number;
    const auto* const entry = ::getgrnam(group.c_str());
    return entry == nullptr ? std::nullopt : std::optional(entry->gr_gid);
}

}  // namespace hilum
