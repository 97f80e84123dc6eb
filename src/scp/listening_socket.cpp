#include "scp/listening_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "base/file_system.h"

namespace hilum::scp {
namespace {

constexpr int backlog = 512;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<Addresses> resolve(const ScpSettings& settings, int port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (::getaddrinfo(settings.bind.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        return fail("address", "scp.bind is \"{}\", which is not an IPv4 or IPv6 address", settings.bind);
    return Addresses(found, &::freeaddrinfo);
}

tl::unexpected<Error> bind_failure(const ScpSettings& settings, int port, const char* key, int error) {
    switch (error) {
        case EADDRINUSE:
            return fail_for_now("port_in_use", "port {} is in use; stop the program that has it or change {}",
                                port, key);
        case EACCES:
            return fail("port_denied",
                        "port {} may not be opened by this user; choose one above 1023 for {}, "
                        "or give the service CAP_NET_BIND_SERVICE",
                        port, key);
        case EADDRNOTAVAIL:
            return fail("address", "scp.bind is {}, which is no address of this machine", settings.bind);
        default:
            return tl::unexpected(
                system_error(error, fmt::format("cannot listen on {} port {}", settings.bind, port)));
    }
}

Result<int> port_of(int socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return tl::unexpected(system_error(errno, "cannot tell the port that was taken"));
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
    return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
}

}  // namespace

Result<ListeningSocket> ListeningSocket::open(const ScpSettings& settings, int port, const char* key) {
    auto addresses = resolve(settings, port);
    if (!addresses) return tl::unexpected(addresses.error());
    const addrinfo& address = **addresses;
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return tl::unexpected(system_error(errno, "cannot make a socket"));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0 || ::listen(fd.get(), backlog) != 0)
        return bind_failure(settings, port, key, errno);
    const auto taken = port_of(fd.get());
    if (!taken) return tl::unexpected(taken.error());
    return ListeningSocket(std::move(fd), *taken);
}

}  // namespace hilum::scp
