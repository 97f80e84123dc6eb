// Answers an operator's requests while the node runs (contract/messages/control.h): reads beside the loop,
// changes through the commit queue. Knows of no socket.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/world.h"
#include "contract/messages/control.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"
#include "store/instance_store.h"

namespace hilum {

class OperatorDesk {
  public:
    using Answer = std::function<void(const nlohmann::json&)>;

    // What the node does for an operator.
    struct Callbacks {
        std::function<nlohmann::json()> live_status;  // what it knows beside the database
        std::function<void()> on_jobs;  // jobs were put back into queues, or a destination resumed
        // Loads the package of the model of that key anew, of every model where it is empty.
        std::function<void(const std::string& model, const std::string& actor, const Answer&)> reload_models;
    };

    // `models`, `destinations`: names of those configured. `instances`: analyses priors that are asked for.
    OperatorDesk(World& world, CommitQueue& commits, DataDirectory directory,
                 const std::vector<std::string>& models, std::vector<std::string> destinations,
                 InstanceStore instances);

    void start(Callbacks callbacks) { callbacks_ = std::move(callbacks); }

    // `actor`: who asks, for the audit trail. Answers once, on the loop, perhaps within the call; whatever
    // the request holds.
    void handle(const Packet& packet, const std::string& actor, Answer answer);

  private:
    bool is_configured(const std::string& destination) const;
    void read(const ControlRequest& request, const Answer& answer);
    void resend(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void withdraw(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void change_destination(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void change_hold(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void change_jobs(const ControlRequest& request, const std::string& actor, const Answer& answer);
    // What changed, and where nothing did why not (empty: nothing fits).
    struct Changed {
        int jobs = 0;
        std::string why_not;
    };
    void answer_jobs(const Result<Changed>& changed, const Answer& answer);

    World& world_;
    CommitQueue& commits_;
    DataDirectory directory_;
    std::vector<std::string> destinations_;
    std::vector<std::string> lanes_;  // of the queue, that the node serves
    InstanceStore instances_;
    Callbacks callbacks_;
    std::unique_ptr<Background> readers_;  // reads take their time without holding up the loop
};

}  // namespace hilum
