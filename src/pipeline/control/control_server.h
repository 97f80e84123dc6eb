// The control socket (node.control_socket) on which `hilum` speaks to the running daemon.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "base/local/unix_socket.h"
#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/packet.h"
#include "pipeline/children/channel_watcher.h"
#include "pipeline/receiving/strangers.h"

namespace hilum {

class ControlServer {
  public:
    // Answers one request of `actor`, once, on the loop; whatever the request holds. `client_gone`: nobody
    // waits for the answer any more.
    using Handle =
        std::function<void(const Packet& request, const std::string& actor,
                           std::function<void(const nlohmann::json&)> answer, std::stop_token client_gone)>;

    ControlServer(World& world, EventKeeper& events, const NodeSettings& settings, Handle handle);
    ~ControlServer();

    // Opens the socket. Root, the daemon's own user and the group of node.operators may use it; where there
    // is no such group, the others still may, and the log tells. Where node.operators lets everybody connect,
    // who else asks is in the audit trail.
    Status start();

    void tell_left_out() { strangers_.tell_left_out(); }

  private:
    struct Client {
        Client() = default;
        Client(const Client&) = delete;
        Client& operator=(const Client&) = delete;
        ~Client() { gone.request_stop(); }
        std::shared_ptr<ChannelWatcher> channel;
        std::stop_source gone;
    };

    bool may_ask(const UnixPeer& peer) const;
    void listen();
    void accept();
    void adopt(UniqueFd connection);
    void answer(std::int64_t client, const nlohmann::json& reply);

    World& world_;
    const std::filesystem::path path_;
    const std::string operators_;
    std::optional<gid_t> operators_id_;
    Strangers strangers_;  // with limits apart from those of the network
    Handle handle_;
    std::unique_ptr<Timer> pause_;  // between looks at who waits for what the node lacks
    UniqueFd socket_;
    std::unique_ptr<Watch> connections_;
    std::map<std::int64_t, Client> clients_;
    std::int64_t next_client_ = 1;
};

}  // namespace hilum
