// Delivers committed results: a lane for each destination, so that none holds up another.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "base/world.h"
#include "pipeline/lanes/delivery_lane.h"

namespace hilum {

class DeliveryJobs {
  public:
    DeliveryJobs(World& world, CommitQueue& commits, const Configuration& configuration,
                 DataDirectory directory);

    void start(const std::function<ChildSpecification(const std::string& destination)>& specify,
               const std::function<void()>& on_changed, const std::function<void()>& on_finished);
    void pump();
    void try_now();  // see DeliveryLane
    void drain();
    // A storage commitment report, whoever brought it; answered once it is kept.
    void keep_report(const CommitmentReport& report, std::function<void(CommitmentReportAnswer)> answer);
    bool idle() const;
    void stop();
    bool any_child_running() const;
    std::vector<ChildStatus> children_status() const;
    std::vector<DestinationStatus> destinations_status() const;  // DeliveryLane::status() of each
    std::vector<std::string> destinations_up() const;            // their names

  private:
    World& world_;
    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::deque<DeliveryLane> lanes_;
};

}  // namespace hilum
