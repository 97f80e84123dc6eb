// Unix sockets on which people of this machine are answered, and who the kernel says that they are.
#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

// Code "configuration": the path is too long for a socket.
Result<sockaddr_un> unix_address(const std::filesystem::path& path);

// Listens at `path`, in place of a socket that a killed process left there; non-blocking and closed on exec.
// `type`: SOCK_STREAM or SOCK_SEQPACKET. `mode`: who may connect. Codes:
// "configuration" (the path is too long), "exists" (what lies there is no socket), "in_use" (somebody listens
// there), "system".
Result<UniqueFd> listen_at(const std::filesystem::path& path, int type, mode_t mode);

// The process that connected, as it was then.
struct UnixPeer {
    pid_t pid = 0;
    uid_t uid = 0;
    std::vector<gid_t> groups;  // all that it was in

    bool is_in(gid_t group) const;
};
Result<UnixPeer> unix_peer_of(int socket);

// By its name, as the machine's name services know it, or by its number. None: there is no such group. May
// take its time, where a directory is asked.
std::optional<gid_t> group_id(const std::string& group);

}  // namespace hilum
