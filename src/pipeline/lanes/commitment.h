// Asks one destination for storage commitment.
#pragma once

#include <optional>
#include <vector>

#include "base/world.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"
#include "pipeline/lanes/destination.h"
#include "pipeline/lanes/lane.h"

namespace hilum {

class Commitment {
  public:
    Commitment(World& world, CommitQueue& commits, Destination& destination);

    // Until the destination has taken the request, or it is kept that it has not; returns whether it gave an
    // association, or nobody knows. Its report comes later.
    Task<bool> request(CommitmentRequest request);

    // Until it may be asked again since it refused; zero: now.
    Duration wait() const;
    void try_now() { not_before_.reset(); }

  private:
    World& world_;
    CommitQueue& commits_;
    Destination& destination_;
    int refused_ = 0;  // requests in a row
    std::optional<MonotonicTime> not_before_;
};

// Keeps a report, whoever brought it. What to answer to it.
Task<CommitmentReportAnswer> keep_report(CommitQueue& commits, CommitmentReport report,
                                         const std::vector<DestinationSettings>& destinations);

}  // namespace hilum
