#include "results/delivery/rendezvous.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/file_system.h"

namespace hilum::delivery {

Result<std::shared_ptr<Rendezvous>> Rendezvous::open() {
    std::shared_ptr<Rendezvous> rendezvous(new Rendezvous);
    auto& listening = rendezvous->socket_;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const bound = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    listening.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listening || ::bind(listening.get(), bound, size) != 0 ||
        ::listen(listening.get(), SOMAXCONN) != 0 || ::getsockname(listening.get(), bound, &size) != 0)
        return tl::unexpected(system_error(errno, "cannot make a socket on the loopback"));
    rendezvous->port_ = ntohs(address.sin_port);
    return rendezvous;
}

std::string Rendezvous::address() const {
    return fmt::format("127.0.0.1:{}", port_);
}

// No more than can wait: somebody might go on connecting.
void Rendezvous::clear() {
    for (int i = 0; i <= SOMAXCONN; ++i)
        if (const UniqueFd one(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); !one) return;
}

}  // namespace hilum::delivery
