#include "store/delivery_verdict.h"

#include <algorithm>

#include "store/retry_policy.h"

namespace hilum {
namespace {

// Soon after an object came, an archive that is busy or full says the same as before.
constexpr std::chrono::minutes shortest_wait_for_archive{2};

bool passes(int failure_reason) {
    return failure_reason == 0x0110 || failure_reason == 0x0112 || failure_reason == 0x0213;
}

}  // namespace

DeliveryVerdict judge_delivery(const DeliverReply& reply, const DeliveryHistory& history,
                               const DestinationSettings& settings, std::int64_t at) {
    if (reply.outcome == DeliveryOutcome::delivered) return {JobState::delivered};
    if (reply.outcome == DeliveryOutcome::unsendable) return {JobState::refused};
    if (reply.outcome == DeliveryOutcome::refused) {
        if (history.refusals + 1 >= settings.refused_attempts) return {JobState::refused, 0, true};
        return {JobState::queued, at + settings.refused_delay.count(), true};
    }
    if (is_nodes_trouble(reply)) return {JobState::queued, at};  // its job is given back with its own delay
    if (at - history.waits_since > settings.give_up_after.count()) return {JobState::expired};
    if (reply.no_association) return {JobState::queued, at};  // the whole lane waits
    const RetryPolicy policy{settings.first_delay, settings.longest_delay};
    return {JobState::queued, at + policy.delay_after(history.attempts).count()};
}

DeliveryVerdict judge_uncommitted(int failure_reason, const CommitmentHistory& history,
                                  const DestinationSettings& settings, std::int64_t at) {
    if (!passes(failure_reason)) {
        if (history.refusals >= settings.refused_attempts - 1) return {JobState::refused, 0, true};
        return {JobState::queued, at + settings.refused_delay.count(), true};
    }
    const RetryPolicy policy{std::max(settings.first_delay, Duration(shortest_wait_for_archive)),
                             settings.longest_delay};
    if (policy.waited_after(history.failures) > settings.give_up_after) return {JobState::expired};
    return {JobState::queued, at + policy.delay_after(history.failures + 1).count()};
}

}  // namespace hilum
