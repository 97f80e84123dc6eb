// Jobs of the lane "delivery": one result to one destination. Called within a
// commit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/configuration.h"
#include "contract/messages/sending.h"
#include "store/delivery_verdict.h"
#include "store/jobs/claim.h"

namespace hilum {

struct DeliveryClaim {
    Claim claim;
    DeliverRequest request;
    std::string file;  // within data_dir/results
    std::string study_instance_uid;
    int refusals = 0;           // earlier ones
    bool tried_before = false;  // the destination may have it
};

// For how long a delivery is its sender's without progress: connecting,
// negotiating and the answer each may take the destination's timeout, and who
// makes none is killed before this.
Duration delivery_lease(const DestinationSettings& destination);

// What a destination's sender is to do next: what is to be sent goes before
// what is to be asked.
struct SendingClaim {
    std::optional<DeliveryClaim> delivery;
    std::optional<CommitmentRequest> commitment;  // where there is no delivery
    std::optional<std::int64_t> next_at;          // without either: when there will be one
};
SendingClaim claim_sending(Transaction& transaction, const DestinationSettings& destination);

// What became of it (delivery_verdict.h), and the state that it is in now;
// nothing: the claim is stale.
std::optional<JobState> keep_delivery(Transaction& transaction, const DeliveryClaim& claimed,
                                      const DeliverReply& reply, const DestinationSettings& destination);

// Deliveries to destinations that are no longer configured expire: visible, and
// sent by `hilum jobs retry` once the destination is back.
void expire_stray_deliveries(Transaction& transaction, const std::vector<std::string>& destinations);

}  // namespace hilum
