#include "pipeline/control/control_server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "contract/messages/control.h"
#include "pipeline/control/operator_name.h"

namespace hilum {

ControlServer::ControlServer(World& world, DataDirectory directory, Handle handle)
    : world_(world), directory_(std::move(directory)), handle_(std::move(handle)) {}

ControlServer::~ControlServer() {
    if (socket_) ::unlink(directory_.control_socket().c_str());
}

Status ControlServer::start() {
    const auto path = directory_.control_socket().string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail("configuration",
                    "node.data_dir: the path {} is too long for a socket ({} characters at most)", path,
                    sizeof address.sun_path - 1);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::unlink(path.c_str());  // a killed daemon left it; the lock on data_dir says that it is dead
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(socket.get(), 16) != 0)
        return tl::unexpected(system_error(errno, "cannot open the control socket " + path));
    socket_ = std::move(socket);
    connections_ = world_.watch(socket_.get(), [this] { accept(); });
    return {};
}

void ControlServer::accept() {
    UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) adopt(std::move(connection));
}

void ControlServer::adopt(UniqueFd connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != 0 && peer.uid != ::geteuid())) {
        spdlog::warn("control socket: user {} was turned away", peer.uid);
        return;
    }
    const auto id = next_client_++;
    clients_[id] = ChannelWatcher::start(
        world_, Channel(std::move(connection)),
        [this, id, uid = peer.uid](Message message) {
            const auto actor = operator_name(uid, claim_in(message.packet));
            handle_(message.packet, actor, [this, id](const nlohmann::json& reply) { answer(id, reply); });
        },
        [this, id](const std::string&) { clients_.erase(id); });
}

void ControlServer::answer(std::int64_t client, const nlohmann::json& reply) {
    const auto found = clients_.find(client);
    if (found != clients_.end()) (void)found->second->send(Packet(reply));
}

}  // namespace hilum
