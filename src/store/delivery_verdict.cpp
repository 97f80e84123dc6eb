#include "store/delivery_verdict.h"

#include "store/retry_policy.h"

namespace hilum {

DeliveryVerdict judge_delivery(const DeliverReply& reply, const DeliveryHistory& history,
                               const DestinationSettings& settings, std::int64_t at) {
    if (reply.outcome == DeliveryOutcome::delivered) return {JobState::delivered};
    if (reply.outcome == DeliveryOutcome::unsendable) return {JobState::refused};
    if (reply.outcome == DeliveryOutcome::refused) {
        if (history.refusals + 1 >= settings.refused_attempts) return {JobState::refused, 0, true};
        return {JobState::queued, at + settings.refused_delay.count(), true};
    }
    if (at - history.waits_since > settings.give_up_after.count()) return {JobState::expired};
    if (reply.no_association) return {JobState::queued, at};  // the whole lane waits
    const RetryPolicy policy{settings.first_delay, settings.longest_delay};
    return {JobState::queued, at + policy.delay_after(history.attempts).count()};
}

}  // namespace hilum
