#include "monitor/serving/caller.h"

#include <sys/socket.h>

namespace hilum::monitor {

Result<Caller> caller_of(int socket) {
    int family = AF_UNSPEC;
    socklen_t size = sizeof family;
    if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 || family != AF_UNIX)
        return IpAddress::of_peer(socket).map([](const IpAddress& address) {
            return Caller{address, std::nullopt};
        });
    return unix_peer_of(socket).map([](UnixPeer user) {
        return Caller{IpAddress::parse("127.0.0.1").value(), std::move(user)};
    });
}

}  // namespace hilum::monitor
