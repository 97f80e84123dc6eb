// Answers an operator's requests while the node runs (contract/messages/control.h): reads beside the loop,
// changes through the commit queue. Knows of no socket.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/world.h"
#include "contract/messages/control.h"
#include "pipeline/control/operator_audit.h"
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

    // `models`, `destinations`: names of those configured; `shadows`: those of the models that are shadows.
    // `instances`: analyses priors that are asked for.
    OperatorDesk(World& world, CommitQueue& commits, EventKeeper& events, DataDirectory directory,
                 const std::vector<std::string>& models, std::vector<std::string> destinations,
                 InstanceStore instances, std::vector<std::string> shadows = {});

    void start(Callbacks callbacks) { callbacks_ = std::move(callbacks); }

    // `actor`: who asks, for the audit trail. Answers once, on the loop, perhaps within the call; whatever
    // the request holds. Once `client_gone`, what it reads is not read to the end.
    void handle(const Packet& packet, const std::string& actor, Answer answer,
                std::stop_token client_gone = {});

    // What takes minutes to read ends now, with an error; lists and status are answered as long as this
    // lives.
    void drain() { verifications_.stop.request_stop(); }

    // Tells who looked again since the audit trail was told of it, at the end.
    void tell_looks() { audit_.tell_all(); }

  private:
    // Reads of a kind, one after the other, beside the loop and beside the other kinds.
    struct Readers {
        explicit Readers(World& world) : thread(world.make_background()) {}
        ~Readers() { stop.request_stop(); }  // the thread ends what it has before it goes
        Readers(const Readers&) = delete;
        Readers& operator=(const Readers&) = delete;
        std::unique_ptr<Background> thread;
        std::stop_source stop;
    };

    bool is_configured(const std::string& destination) const;
    Readers& readers_for(ControlVerb verb);
    void read(const ControlRequest& request, const Answer& answer, std::stop_token client_gone);
    void resend(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void withdraw(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void change_destination(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void resume(const std::string& destination, const std::string& actor, Timestamp ordered_at,
                const Answer& answer);
    void answer_destination(const Result<bool>& changed, const Answer& answer);
    void change_hold(const ControlRequest& request, const std::string& actor, const Answer& answer);
    void change_jobs(const ControlRequest& request, const std::string& actor, const Answer& answer);
    // What changed, and where nothing did why not (empty: nothing fits).
    struct Changed {
        int jobs = 0;
        std::string why_not;
        int analyses = 0;  // in place of the results that were asked for
    };
    void answer_jobs(const Result<Changed>& changed, const Answer& answer);

    World& world_;
    CommitQueue& commits_;
    OperatorAudit audit_;
    DataDirectory directory_;
    std::vector<std::string> destinations_;
    std::vector<std::string> lanes_;  // of the queue, that the node serves
    InstanceStore instances_;
    std::vector<std::string> shadows_;
    Callbacks callbacks_;
    // Status, and what else is found at once; walks over all jobs, studies or events; the whole audit trail.
    Readers looks_, lists_, verifications_;
};

}  // namespace hilum
