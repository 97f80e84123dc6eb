// Which events of callers that have an association the audit trail takes, from which nothing can be deleted.
// Each kind has its own allowance, for each peer and for all: whatever else a peer does, the trace of its
// objects that were refused is not left out for it. Counters count all.
#pragma once

#include <map>
#include <vector>

#include "contract/messages/receiving.h"
#include "pipeline/events/event_limiter.h"

namespace hilum {

class CallerEvents {
  public:
    // Of a peer and kind, and of a kind: the trace of each image that was refused is worth many rows.
    static constexpr EventLimiter::Rate of_each{1000, std::chrono::minutes(1)},
        of_all{10'000, std::chrono::seconds(1)};
    // Contexts that are refused beside others that are accepted are no failure: many peers offer all that
    // they know, each time. The same ones of the same peer are told once a day.
    static constexpr EventLimiter::Rate of_same_contexts{1, std::chrono::hours(24)},
        of_all_contexts{1000, std::chrono::seconds(10)};

    EventLimiter::Verdict judge(const ReceiverEvent& event, MonotonicTime now);

    // What no later event of the same sort has told. Of contexts only `at_end`: they come again.
    std::vector<EventLimiter::LeftOut> take_left_out(bool at_end);

  private:
    std::map<ReceiverEventKind, EventLimiter> failures_;
    EventLimiter contexts_{of_same_contexts, of_all_contexts};
};

}  // namespace hilum
