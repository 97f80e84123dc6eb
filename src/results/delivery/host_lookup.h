// The addresses of a host, within a time limit. getaddrinfo(3) knows none: where the DNS is silent it may
// take minutes. Used by the sender process, `hilum send` and `hilum echo`.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace hilum::delivery {

struct SocketAddress {
    sockaddr_storage storage;
    socklen_t size;

    std::string text() const;  // numeric, without the port
};

inline constexpr std::size_t most_addresses = 16;  // of a host; more are left out

// "10.1.0.5:104", "[fd00::1]:104"; for messages.
std::string host_and_port(const std::string& host, int port);

// As getaddrinfo(3).
using LookUp = int (*)(const char* host, const char* port, const addrinfo* hints, addrinfo** found);

// An address ("10.1.0.5", "fd00::1", "[fd00::1]", "fe80::1%eth0") stands for itself. A name is looked up by
// the operating system in a child process, which ends at the deadline; its addresses come in the order
// in which they are to be tried (RFC 6724). Codes: "unknown_host", the resolver's reason; "timeout", it did
// not answer; "system".
Result<std::vector<SocketAddress>> addresses_of(const std::string& host, int port,
                                                std::chrono::steady_clock::time_point deadline,
                                                LookUp look_up = &getaddrinfo);

}  // namespace hilum::delivery
