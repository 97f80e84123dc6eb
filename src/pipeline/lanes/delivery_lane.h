// What goes to one destination: its sender process, one result at a time. What fails is tried again with
// growing delays; while the destination gives no association, C-ECHO alone is tried and everything waits for
// its answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/sending.h"
#include "pipeline/children/supervised_child.h"
#include "store/commitments.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"
#include "store/jobs/deliveries.h"

namespace hilum {

class DeliveryLane {
  public:
    // `on_changed`: the sender's state or the destination's. `on_finished`: an attempt came to its end.
    // `on_report`: for what comes over the sender's association.
    DeliveryLane(World& world, CommitQueue& commits, const DestinationSettings& settings,
                 DataDirectory directory, std::function<void()> on_changed, std::function<void()> on_finished,
                 OnCommitmentReport on_report);

    void start(ChildSpecification sender);
    // Takes the next delivery that is due, unless one is at work or the destination is down.
    void pump();
    // An operator thinks that it is up: tries at once.
    void try_now();
    void drain() { draining_ = true; }
    void stop();

    bool idle() const { return phase_ == Phase::idle || phase_ == Phase::probing; }
    bool running() const { return sender_->running(); }
    ChildStatus child_status() const { return sender_->status(); }
    DestinationStatus status() const;

  private:
    enum class Phase { idle, claiming, sending, keeping, probing, requesting_commitment };

    void on_claimed(SendingClaim claimed);
    void wake_after(Duration wait);
    bool awaits_sender() const;
    void limit_time();
    void made_progress();
    void send();
    void on_message(Message message);
    void on_sender_ended(const std::string& how);
    void keep(DeliverReply reply);
    void request_commitment(const CommitmentRequest& request);
    void on_commitment_reply(const CommitmentReply& reply);
    void note_association(bool given, const std::string& why);
    void probe_later();
    void probe();
    void on_probed(const EchoReply& reply);

    CommitQueue& commits_;
    const DestinationSettings& settings_;
    DataDirectory directory_;
    std::function<void()> on_changed_, on_finished_;
    OnCommitmentReport on_report_;
    std::unique_ptr<SupervisedChild> sender_;
    Phase phase_ = Phase::idle;
    bool pump_again_ = false, draining_ = false;
    std::shared_ptr<const DeliveryClaim> current_;
    MonotonicTime renewed_;        // its lease
    std::string transaction_uid_;  // of the commitment that is being requested
    int refused_commitments_ = 0;  // requests in a row that the destination did not take
    int refused_associations_ =
        0;  // in a row; while not 0 the destination is down, or was until its last echo
    bool down_ = false;
    std::int64_t down_since_ = 0;
    std::string down_why_;
    World& world_;
    std::unique_ptr<Timer> wake_timer_;
    std::unique_ptr<Timer> deadline_timer_;
    std::unique_ptr<Timer> probe_timer_;
};

}  // namespace hilum
