// The node at work: everything that lives from its start to its end. It takes time, processes and files from
// a World, so that a simulated one can run it whole.
#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/world.h"
#include "contract/messages/monitoring.h"
#include "pipeline/children/analysis_engine.h"
#include "pipeline/children/child_programs.h"
#include "pipeline/clock_keeper.h"
#include "pipeline/control/commit_watch.h"
#include "pipeline/control/control_server.h"
#include "pipeline/control/operator_desk.h"
#include "pipeline/control/reloads.h"
#include "pipeline/disk_watch.h"
#include "pipeline/events/event_keeper.h"
#include "pipeline/history_keeper.h"
#include "pipeline/lanes/analysis_lane.h"
#include "pipeline/lanes/audit_servers.h"
#include "pipeline/lanes/happening.h"
#include "pipeline/lanes/report_lane.h"
#include "pipeline/lanes/retention_lane.h"
#include "pipeline/lanes/sending_lane.h"
#include "pipeline/node_options.h"
#include "pipeline/prediction_desk.h"
#include "pipeline/reception.h"
#include "pipeline/spool_adoption.h"
#include "pipeline/tls/certificate_watch.h"
#include "pipeline/wake_up.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"

namespace hilum {

struct NodeEnd {
    int exit_code = 0;      // 1 where it could not go on, with the reason in the log
    bool in_order = false;  // its last commit was kept: the database is as it left it
};

class Node : private Happenings, private AnalysisEngine::Owner, private CommitQueue::Observer {
  public:
    // Called on the loop, each at most once.
    struct Callbacks {
        std::function<void()> on_receiving;  // the DICOM port is open
        std::function<void()> on_draining;
        // Nothing more is to be done. Not to destroy the node within it.
        std::function<void(const NodeEnd&)> on_finished;
    };

    // The data directory is ours, `database` the one in it, `generation` what join_history() said.
    Node(World& world, NodeOptions options, Database database, const std::string& generation);

    // May be destroyed between any two events, as when the process died: no destructor waits for the loop,
    // the lanes go wherever they wait, and children are killed. What waits for a commit or the disk is left
    // to the world's Backgrounds, which run it or drop it. What it had posted to the world and is not run yet
    // must never run.
    ~Node() override;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    Status start(Callbacks callbacks);
    void drain();                                  // as SIGTERM: what is at work may finish, in time
    void reload_models(const std::string& actor);  // as SIGHUP: with certificates

    // An operator's request (contract/messages/control.h), once it is started; answers once, perhaps within
    // the call.
    void handle_request(const Packet& request, const std::string& actor, OperatorDesk::Answer answer);

    NodeStatus status() const;
    // Whether its commit thread goes on and its listener gives signs of life (or is started anew): what it
    // does not mend by itself. To be asked every few seconds, or more seldom.
    bool lives() { return commit_watch_.goes_on() && !reception_.listener_silent(); }

  private:
    InstanceStore instances() const;
    void take_up_jobs();
    void start_children();
    void start_operator_desk();
    void happened(Happening what) override;
    void wake_analyses();
    void wake_senders();
    // Which came over the listener.
    Task<void> answer_report(CommitmentReport report, std::function<void(CommitmentReportAnswer)> answer);
    void reload(const std::string& model, const std::string& actor, const OperatorDesk::Answer& done);
    void clock_set(Transaction& transaction, Duration step) override;
    void reload_certificates();
    void certificates_loaded(const CertificatesLoaded& loaded) override;
    void database_changed() override { happened(Happening::status_changed); }
    void capacity_came() override { happened(Happening::capacity_came); }
    void engine_changed() override { happened(Happening::status_changed); }
    void model_event(const audit::AuditEvent& event) override;
    void take_no_more_work();
    void continue_drain(MonotonicTime until);
    void end_children();
    void wait_for_children(MonotonicTime until);
    bool lanes_idle() const;
    bool any_child_running() const;
    void finish();
    void status_changed();
    void tell_status();
    nlohmann::json live_status() const;
    bool inferring() const;

    World& world_;
    const NodeOptions options_;
    const Configuration& configuration_ = options_.configuration;
    const DataDirectory directory_{configuration_.node.data_dir};
    const std::vector<std::string> models_;  // their keys
    const Timestamp started_at_ = world_.now();
    Callbacks callbacks_;
    ChildPrograms programs_{options_};
    std::unique_ptr<Timer> drain_timer_ = world_.make_timer();
    bool children_started_ = false, draining_ = false, finishing_ = false;
    bool status_pending_ = false, was_receiving_ = false;
    int exit_code_ = 0;
    AnalysisEngine engine_;
    CommitQueue commits_;
    CommitWatch commit_watch_{world_, commits_};
    EventKeeper events_{world_, commits_};
    CertificateWatch certificates_{world_, events_};
    std::deque<AnalysisLane> analyses_;  // one for each model
    ReportLane reports_;
    std::deque<SendingLane> senders_;  // one for each destination
    RetentionLane retention_;
    AuditServers audit_servers_;
    Arrivals arrivals_{world_, [this] { happened(Happening::instances_came); }};
    Reception reception_;
    PredictionDesk predictions_;
    OperatorDesk operators_;
    ControlServer control_;
    ClockKeeper clock_;
    SpoolAdoption adoption_;
    HistoryKeeper history_;
    DiskWatch disk_;
    Reloads reloads_{world_, options_, models_, engine_};
    Tasks tasks_;  // they use all of the above
};

}  // namespace hilum
