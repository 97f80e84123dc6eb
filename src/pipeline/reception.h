// The coordinator's side of receiving: the listener process, and a channel to each receiver, whose objects it
// commits before they are acknowledged.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/certificates.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/receiving.h"
#include "pipeline/children/channel_watcher.h"
#include "pipeline/children/signs_of_life.h"
#include "pipeline/children/supervised_child.h"
#include "pipeline/receiving/caller_events.h"
#include "pipeline/receiving/lack_of_receivers.h"
#include "pipeline/receiving/receiving_probe.h"
#include "pipeline/receiving/strangers.h"
#include "store/database/commit_queue.h"
#include "store/instance_store.h"

namespace hilum {

class Reception {
  public:
    struct Callbacks {
        std::function<void()> on_instances;  // something may have come that is to be analysed
        std::function<void()> on_changed;    // a port opened or closed
        std::function<void(const CertificatesLoaded&)> on_certificates;
        // A storage commitment report came, and where its answer goes.
        std::function<void(const CommitmentReport&, std::function<void(CommitmentReportAnswer)>)> on_report;
    };

    Reception(World& world, CommitQueue& commits, EventKeeper& events, const Configuration& configuration,
              InstanceStore store);

    void start(ChildSpecification listener, Callbacks callbacks);
    void drain();  // no new connections; receivers finish what they are at
    void stop();   // closes every channel: receivers answer A700 to what is in flight and end
    void reload_certificates();
    bool receiving() const { return (ports_.port > 0 || ports_.tls_port > 0) && !listener_silent(); }
    int port() const { return receiving() ? ports_.port : 0; }  // 0: none is open
    int tls_port() const { return receiving() ? ports_.tls_port : 0; }
    // Why the last object that came could not be stored, where that was the node's fault.
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }
    // So it would be with any other.
    bool cannot_store() const { return probe_.failing(); }
    // Why connections get no process, though the port is open.
    const std::optional<NodeTrouble>& lack_of_receivers() const { return lack_of_receivers_.trouble(); }
    bool listener_silent() const { return started() && listener_->silent(); }
    bool idle() const { return receivers_.empty(); }
    // The listener said so by its exit code: the port is taken or may not be opened.
    bool cannot_listen() const {
        return started() && !listener_->running() && listener_->last_exit_code() == listener_cannot_listen;
    }
    bool started() const { return listener_ != nullptr; }
    bool child_running() const { return started() && listener_->running(); }
    const SupervisedChild& listener() const { return *listener_; }

  private:
    struct Receiver {
        std::shared_ptr<ChannelWatcher> channel;
        std::unique_ptr<LivingProcess> process;
        SignsOfLife signs_of_life{};
        std::string host;  // whom it counts for (ConnectionAccepted)
        bool associated = false;
        std::string calling_ae, peer;   // of its association
        std::set<std::string> studies;  // that it brought images of
    };

    void on_listener_message(Message message);
    void adopt(const ConnectionAccepted& accepted, std::vector<UniqueFd> descriptors);
    void look_later();
    void look_at_receivers();
    void on_receiver_message(std::int64_t id, Message message);
    void associate(std::int64_t id, const AssociationRequested& request);
    void store(std::int64_t id, StoreCommit commit);
    void discard(std::int64_t id, DiscardCommit commit);
    void take(std::int64_t id, const std::string& sop_instance_uid,
              std::function<StoredInstance(Transaction&)> keep);
    static bool is_work(const StoredInstance& stored);
    void keep_event(std::int64_t id, const ReceiverEvent& event);
    void answer(std::int64_t id, const Result<StoreAnswer>& answer);
    void remove_later(const std::string& file);
    void remove_replaced();
    void reply(std::int64_t id, const Packet& packet);
    void close_studies(const Receiver& receiver);
    void drop(std::int64_t id);
    int associations() const;
    int associations_of(const std::string& host, const std::string& calling_ae) const;
    int associations_of_host(const std::string& host) const;
    AssociationOutcome outcome_of(const AssociationRequested& request, const std::string& host) const;
    void record(const ReceiverEvent& event);
    void tell_left_out(bool at_end);
    void note_trouble(const ReceiverEvent& event);
    void note_taken(const std::string& sop_instance_uid);

    World& world_;
    CommitQueue& commits_;
    EventKeeper& events_;
    const Configuration& configuration_;
    InstanceStore store_;
    Callbacks callbacks_;
    DataDirectory directory_;
    std::unique_ptr<Background> files_;
    ReceivingProbe probe_;
    // In the spool, that no row names any more, by when they may go.
    std::deque<std::pair<MonotonicTime, std::string>> replaced_;
    std::unique_ptr<Timer> removal_timer_;
    std::unique_ptr<SupervisedChild> listener_;
    std::map<std::int64_t, Receiver> receivers_;
    std::unique_ptr<Timer> look_timer_;  // at them, while there are any
    std::int64_t next_receiver_ = 1;
    LackOfReceivers lack_of_receivers_;
    Strangers strangers_;
    CallerEvents told_events_;
    std::unique_ptr<Timer> left_out_timer_;  // while it may have left something out
    bool left_out_waits_ = false;
    ListenerReady ports_;  // that are open
    std::optional<NodeTrouble> trouble_;
    bool draining_ = false;
};

}  // namespace hilum
