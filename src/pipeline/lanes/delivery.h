// Sends results to one destination.
#pragma once

#include <memory>
#include <optional>

#include "base/world.h"
#include "contract/messages/sending.h"
#include "pipeline/lanes/destination.h"
#include "pipeline/lanes/lane.h"
#include "store/data_directory.h"
#include "store/jobs/deliveries.h"

namespace hilum {

class Delivery {
  public:
    Delivery(World& world, CommitQueue& commits, DataDirectory directory, Destination& destination);

    // Until it is kept what became of it, which is returned; nothing: the node's end cut it off.
    Task<std::optional<DeliverReply>> deliver(DeliveryClaim claimed);
    void progressed();  // the sender goes on: so does the lease

  private:
    Task<std::optional<DeliverReply>> send(std::shared_ptr<const DeliveryClaim> claimed);
    Task<void> keep(std::shared_ptr<const DeliveryClaim> claimed, DeliverReply reply);

    World& world_;
    CommitQueue& commits_;
    DataDirectory directory_;
    Destination& destination_;
    std::shared_ptr<const DeliveryClaim> sending_;
    MonotonicTime renewed_;  // its lease
};

}  // namespace hilum
