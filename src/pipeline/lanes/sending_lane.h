// What goes to one destination. Results and requests for storage commitment share its sender, one at a time,
// what is new first; what fails is tried again with growing delays, and everything waits for a destination
// that is down.
#pragma once

#include "base/world.h"
#include "contract/configuration.h"
#include "pipeline/lanes/commitment.h"
#include "pipeline/lanes/delivery.h"
#include "pipeline/lanes/destination.h"
#include "pipeline/lanes/happening.h"
#include "pipeline/lanes/lane.h"
#include "pipeline/lanes/trouble_pause.h"
#include "store/data_directory.h"

namespace hilum {

class SendingLane : private AskedChild::Owner {
  public:
    SendingLane(World& world, CommitQueue& commits, const Configuration& configuration,
                const DestinationSettings& settings, DataDirectory directory, Happenings& happenings);

    const std::string& name() const { return destination_.settings().name; }
    void start(ChildSpecification sender);
    void wake() { wake_up_.set(); }
    void try_now();  // an operator thinks that the destination is up
    void reload_certificates();
    void drain() { draining_ = true; }
    void stop() { destination_.sender().stop(); }
    bool idle() const { return !busy_; }
    const Destination& destination() const { return destination_; }

  private:
    Task<void> run();
    Task<void> probe_when_due();
    Task<void> probe();
    Task<void> give_up_old_deliveries(std::string why);
    Task<void> ask_for_commitments_anew();
    void note(const std::optional<DeliverReply>& ended);
    Task<void> answer_report(CommitmentReport report, pid_t sender);
    void child_changed() override;
    bool child_says(Message& message) override;

    CommitQueue& commits_;
    const Configuration& configuration_;
    Happenings& happenings_;
    WakeUp wake_up_;
    Destination destination_;
    Delivery delivery_;
    Commitment commitment_;
    TroublePause trouble_;
    bool busy_ = false, draining_ = false;
    Tasks tasks_;  // they use all of the above
};

}  // namespace hilum
