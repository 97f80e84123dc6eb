#include "base/local/service_manager.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "base/file_system.h"
#include "base/local/unix_socket.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

Result<UniqueFd> connect_to(const std::string& name) {
    const bool is_abstract = name.front() == '@';
    if (!is_abstract && name.front() != '/')
        return fail("service_manager", "NOTIFY_SOCKET is no Unix socket: {}", name);
    auto address = unix_address(name);
    if (!address) return tl::unexpected(address.error());
    if (is_abstract) address->sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), size) != 0)
        return tl::unexpected(system_error(errno, "cannot reach the service manager at " + name));
    return socket;
}

bool was_sent(int socket, std::string_view state) {
    return ::send(socket, state.data(), state.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(state.size());
}

}  // namespace

Status tell_service_manager(std::string_view state, Duration patience) {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr || *name == '\0') return {};
    const auto socket = connect_to(name);
    if (!socket) return tl::unexpected(socket.error());
    if (was_sent(socket->get(), state)) return {};
    if (errno == EAGAIN) {
        pollfd room{socket->get(), POLLOUT, 0};
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
        if (::poll(&room, 1, static_cast<int>(wait)) >= 0 && was_sent(socket->get(), state)) return {};
    }
    return tl::unexpected(system_error(errno, "the service manager takes no message"));
}

}  // namespace hilum
