// What a person of this machine may who comes by http.socket, by the groups that the kernel says.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/local/unix_socket.h"
#include "contract/configuration.h"

namespace hilum::monitor {

class SocketRoles {
  public:
    // Looks the groups up, once. Of one that does not exist nobody is a member, which the log tells.
    explicit SocketRoles(const std::vector<SocketGroup>& groups);

    // The highest that one of the groups gives; none: no group of http.socket_groups.
    std::optional<AccessRole> role_of(const UnixPeer& user) const;
    // The groups that give `needed`, with commas; empty: none does.
    std::string who_has(AccessRole needed) const;

  private:
    const std::vector<SocketGroup> groups_;
    std::vector<std::pair<gid_t, AccessRole>> roles_;
};

}  // namespace hilum::monitor
