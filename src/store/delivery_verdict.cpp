#include "store/delivery_verdict.h"

#include "store/retry_policy.h"

namespace hilum {

DeliveryVerdict judge_delivery(const DeliverReply& reply, const DeliveryHistory& history,
                               const DestinationSettings& settings, std::int64_t at) {
    if (reply.outcome == DeliveryOutcome::delivered) return {"delivered"};
    if (reply.outcome == DeliveryOutcome::unsendable) return {"refused"};
    if (reply.outcome == DeliveryOutcome::refused) {
        if (history.refusals + 1 >= settings.refused_attempts) return {"refused"};
        return {"queued", at + settings.refused_delay.count()};
    }
    if (at - history.waits_since > settings.give_up_after.count()) return {"expired"};
    if (reply.no_association) return {"queued", at};  // the whole lane waits
    const RetryPolicy policy{settings.first_delay, settings.longest_delay};
    return {"queued", at + policy.delay_after(history.attempts).count()};
}

}  // namespace hilum
