// The control socket (data_dir/control.sock) on which `hilum` speaks to the running daemon.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>

#include "contract/messages/control.h"
#include "pipeline/children/channel_watcher.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"
#include "store/instance_store.h"

namespace hilum {

class ControlServer {
  public:
    // What the coordinator does for an operator.
    struct Node {
        std::function<nlohmann::json()> live_status;  // what it knows beside the database
        std::function<void()> on_jobs;          // jobs were put back into queues, or a destination resumed
        std::vector<std::string> destinations;  // names of those configured
        InstanceStore instances;                // analyses priors that are asked for
        // Loads the package of the model of that key anew, of every model where it is empty. `done` gets the
        // answer to the operator.
        std::function<void(const std::string& model, const std::string& actor,
                           std::function<void(nlohmann::json)> done)>
            reload_models;
    };

    ControlServer(boost::asio::io_context& loop, CommitQueue& commits, DataDirectory directory, Node node);
    ~ControlServer();

    // Opens the socket; only root and the daemon's own user may use it.
    Status start();

  private:
    void accept();
    void adopt(UniqueFd connection);
    void handle(std::int64_t client, const Packet& packet, const std::string& actor);
    void read(std::int64_t client, const ControlRequest& request);
    void reload(std::int64_t client, const ControlRequest& request, const std::string& actor);
    void resend(std::int64_t client, const ControlRequest& request, const std::string& actor);
    void withdraw(std::int64_t client, const ControlRequest& request, const std::string& actor);
    void answer_jobs(std::int64_t client, const Result<int>& changed);
    void change_destination(std::int64_t client, const ControlRequest& request, const std::string& actor);
    void change(std::int64_t client, const ControlRequest& request, const std::string& actor);
    void answer(std::int64_t client, const nlohmann::json& answer);

    boost::asio::io_context& loop_;
    CommitQueue& commits_;
    DataDirectory directory_;
    Node node_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> socket_;
    std::map<std::int64_t, std::shared_ptr<ChannelWatcher>> clients_;
    std::int64_t next_client_ = 1;
    boost::asio::thread_pool readers_{1};  // reads take their time without holding up the loop
};

}  // namespace hilum
