#include "pipeline/receiving/caller_events.h"

#include "base/digest.h"
#include "store/receiver_events.h"

namespace hilum {

EventLimiter::Verdict CallerEvents::judge(const ReceiverEvent& event, MonotonicTime now) {
    if (is_failure(event))
        return failures_.try_emplace(event.event, of_each, of_all).first->second.judge(event.peer, now);
    if (event.event != ReceiverEventKind::contexts_refused) return {};
    // A digest: what is remembered of a peer has the same length, whatever it offers.
    return contexts_.judge(event.calling_ae + "@" + event.peer + ": " + sha256_hex(event.detail), now);
}

}  // namespace hilum
