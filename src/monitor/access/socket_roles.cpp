#include "monitor/access/socket_roles.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace hilum::monitor {

SocketRoles::SocketRoles(const std::vector<SocketGroup>& groups) : groups_(groups) {
    for (const auto& [group, role] : groups_) {
        if (const auto id = group_id(group))
            roles_.emplace_back(*id, role);
        else
            spdlog::error("http.socket_groups: there is no group '{}': nobody has its role", group);
    }
}

std::optional<AccessRole> SocketRoles::role_of(const UnixPeer& user) const {
    std::optional<AccessRole> highest;
    for (const auto& [group, role] : roles_)
        if (user.is_in(group)) highest = std::max(highest.value_or(role), role);
    return highest;
}

std::string SocketRoles::who_has(AccessRole needed) const {
    std::string names;
    for (const auto& [group, role] : groups_)
        if (role >= needed) names += (names.empty() ? "" : ", ") + group;
    return names;
}

}  // namespace hilum::monitor
