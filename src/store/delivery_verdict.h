// What becomes of a delivery after an answer or the lack of one.
#pragma once

#include <cstdint>

#include "contract/configuration.h"
#include "contract/messages/sending.h"
#include "store/jobs/states.h"

namespace hilum {

struct DeliveryHistory {
    int attempts = 0, refusals = 0;  // this attempt counted, its refusal not
    // Of its first attempt, in microseconds since 1970; what give_up_after does not count is left out.
    std::int64_t waits_since = 0;
};

struct DeliveryVerdict {
    JobState state;  // queued | delivered | refused | expired
    std::int64_t next_attempt_at = 0;
    bool counts_as_refusal = false;  // the destination blamed the object
};

// By class of failure. What is nobody's fault or the destination's (no association, an abort, A7xx, a
// presentation context not accepted) is tried again with growing delays until give_up_after. What the
// destination blames on the object (A9xx, Cxxx, 0122, 0124) is tried again slowly, refused_attempts times in
// all. What is damaged waits until it is composed anew. What cannot be sent is set aside. Trouble of this
// node is waited out, however long (claim.h: wait_for_the_node).
DeliveryVerdict judge_delivery(const DeliverReply& reply, const DeliveryHistory& history,
                               const DestinationSettings& settings, std::int64_t at);

// What the destination answered before, asked whether it keeps what it took; since it last said that it does.
struct CommitmentHistory {
    int failures = 0;  // in a row, for reasons that pass
    int refusals = 0;
};

// What becomes of a delivered result that its destination does not keep, by the Failure Reason (PS3.3
// C.14.1.1). What passes (0110, 0213; 0112, as of an archive that files later what it takes) has it sent
// again with growing delays of minutes, until these are give_up_after in all. What the destination blames on
// the object is as with C-STORE: sent again after refused_delay, refused_attempts times in all.
DeliveryVerdict judge_uncommitted(int failure_reason, const CommitmentHistory& history,
                                  const DestinationSettings& settings, std::int64_t at);

}  // namespace hilum
