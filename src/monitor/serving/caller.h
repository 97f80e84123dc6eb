// Who is at the other end of a connection.
#pragma once

#include <optional>

#include "base/ip_network.h"
#include "base/local/unix_socket.h"

namespace hilum::monitor {

struct Caller {
    IpAddress address;             // by the Unix socket: the loopback's, as which it counts
    std::optional<UnixPeer> user;  // by the Unix socket: who the kernel says
};

Result<Caller> caller_of(int socket);

}  // namespace hilum::monitor
