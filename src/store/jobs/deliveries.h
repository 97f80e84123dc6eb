// Jobs of the lane "delivery": one result to one destination. Called within a
// commit.
#pragma once

#include <cstdint>
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

// What a destination's sender is to do next, after it has `served` so much.
// What was never sent goes before requests for commitment and what is sent
// again, so that it does not wait for what the destination leaves unanswered;
// but of four times one is theirs, so that none of these waits for ever. In
// which order deliveries go: delivery_order.h.
struct SendingClaim {
    std::optional<DeliveryClaim> delivery;
    std::optional<CommitmentRequest> commitment;  // where there is no delivery
    std::optional<std::int64_t> next_at;          // without either: when there will be one
};
// Commitments are not asked for before `commitments_wait` has passed: the destination refused that.
SendingClaim claim_sending(Transaction& transaction, const DestinationSettings& destination,
                           std::uint64_t served = 0, Duration commitments_wait = Duration::zero());

// What became of it (delivery_verdict.h), and the state that it is in now;
// nothing: the claim is stale. What was withdrawn or replaced
// (delivery_order.h) meanwhile is discarded where it did not arrive. Trouble of
// the node is told once, counts as no attempt, and its time not as waiting.
std::optional<JobState> keep_delivery(Transaction& transaction, const DeliveryClaim& claimed,
                                      const DeliverReply& reply, const DestinationSettings& destination);

// Deliveries to destinations that are no longer configured expire: visible, and
// sent by `hilum jobs retry` once the destination is back.
void expire_stray_deliveries(Transaction& transaction, const std::vector<std::string>& destinations);

}  // namespace hilum
