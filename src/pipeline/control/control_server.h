// The control socket (data_dir/control.sock) on which `hilum` speaks to the running daemon.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/world.h"
#include "contract/messages/packet.h"
#include "pipeline/children/channel_watcher.h"
#include "store/data_directory.h"

namespace hilum {

class ControlServer {
  public:
    // Answers one request of `actor`, once, on the loop; whatever the request holds.
    using Handle = std::function<void(const Packet& request, const std::string& actor,
                                      std::function<void(const nlohmann::json&)> answer)>;

    ControlServer(World& world, DataDirectory directory, Handle handle);
    ~ControlServer();

    // Opens the socket; only root and the daemon's own user may use it.
    Status start();

  private:
    void accept();
    void adopt(UniqueFd connection);
    void answer(std::int64_t client, const nlohmann::json& reply);

    World& world_;
    DataDirectory directory_;
    Handle handle_;
    UniqueFd socket_;
    std::unique_ptr<Watch> connections_;
    std::map<std::int64_t, std::shared_ptr<ChannelWatcher>> clients_;
    std::int64_t next_client_ = 1;
};

}  // namespace hilum
