#include "pipeline/control/control_server.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>

#include "contract/messages/control.h"
#include "pipeline/control/operator_name.h"

namespace hilum {
namespace {

constexpr std::chrono::milliseconds pause_without_resources{100};

// The node's own processes have its user and no business here. A worker on a GPU, whose driver wants sockets,
// gets as far as this when it is taken over.
bool is_own_child(pid_t pid) {
    siginfo_t ignored;
    return ::waitid(P_PID, static_cast<id_t>(pid), &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Nobody can tell any more whose it was, and nobody hears an answer.
bool is_gone(pid_t pid) {
    return ::kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

ControlServer::ControlServer(World& world, EventKeeper& events, const NodeSettings& settings, Handle handle)
    : world_(world),
      path_(settings.control()),
      operators_(settings.operators),
      strangers_(world, events),
      handle_(std::move(handle)),
      pause_(world.make_timer()) {}

ControlServer::~ControlServer() {
    if (socket_) ::unlink(path_.c_str());
}

// Where there is a group everybody may connect, and adopt() looks at who they are: the group of a file is
// nothing that an unprivileged service can set.
Status ControlServer::start() {
    constexpr mode_t owner_alone = 0600, everybody = 0666;
    auto socket = listen_at(path_, SOCK_SEQPACKET, operators_.empty() ? owner_alone : everybody);
    if (!socket) return fail(socket.error().code, "node.control_socket: {}", socket.error().message);
    socket_ = std::move(*socket);
    if (!operators_.empty()) operators_id_ = group_id(operators_);
    // A node that receives images does not stay down for a group's sake.
    if (!operators_.empty() && !operators_id_)
        spdlog::error("node.operators: there is no group '{}': only root and the node's user may ask",
                      operators_);
    listen();
    return {};
}

void ControlServer::listen() {
    connections_ = world_.watch(socket_.get(), [this] { accept(); });
}

bool ControlServer::may_ask(const UnixPeer& peer) const {
    if (is_own_child(peer.pid) || is_gone(peer.pid)) return false;
    return peer.uid == 0 || peer.uid == ::geteuid() || (operators_id_ && peer.is_in(*operators_id_));
}

void ControlServer::accept() {
    UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) return adopt(std::move(connection));
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
    connections_.reset();  // who waits would be told of at once again
    pause_->start(pause_without_resources, [this] { listen(); });
}

void ControlServer::adopt(UniqueFd connection) {
    const auto peer = unix_peer_of(connection.get());
    if (!peer) return spdlog::warn("control socket: {}", peer.error().message);
    if (!may_ask(*peer)) return strangers_.turned_away(user_text(peer->uid));
    const auto id = next_client_++;
    auto& client = clients_[id];
    client.channel = ChannelWatcher::start(
        world_, Channel(std::move(connection)),
        [this, id, uid = peer->uid, login = login_of(*peer),
         gone = client.gone.get_token()](Message message) {
            const auto actor = operator_name(uid, login, claim_in(message.packet));
            handle_(
                message.packet, actor, [this, id](const nlohmann::json& reply) { answer(id, reply); }, gone);
        },
        [this, id](const Error&) { clients_.erase(id); });
}

void ControlServer::answer(std::int64_t client, const nlohmann::json& reply) {
    const auto found = clients_.find(client);
    if (found != clients_.end()) (void)found->second.channel->send(Packet(reply));
}

}  // namespace hilum
