#include "pipeline/receiving/caller_events.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "store/receiver_events.h"

namespace hilum {
namespace {

constexpr std::size_t most_callers_told = 5;  // callers of a kind of which the number is told apart

}  // namespace

EventLimiter::Verdict CallerEvents::judge(const ReceiverEvent& event, MonotonicTime now) {
    if (is_failure(event))
        return failures_.try_emplace(event.event, of_each, of_all).first->second.judge(event.peer, now);
    if (event.event != ReceiverEventKind::contexts_refused) return {};
    // A digest: what is remembered of a peer has the same length, whatever it offers.
    return contexts_.judge(event.calling_ae + "@" + event.peer + ": " + sha256_hex(event.detail), now);
}

std::vector<EventLimiter::LeftOut> CallerEvents::take_left_out(bool at_end) {
    std::vector<EventLimiter::LeftOut> all;
    const auto take = [&all](EventLimiter& limiter, std::string_view kind) {
        for (auto& [sort, count] : limiter.take_left_out(most_callers_told))
            all.push_back(
                {fmt::format("{}: {}", sort.empty() ? "several callers" : sort.substr(0, sort.find(": ")),
                             kind),
                 count});
    };
    for (auto& [kind, limiter] : failures_) take(limiter, enum_text(kind));
    if (at_end) take(contexts_, "the same contexts refused again");
    return all;
}

}  // namespace hilum
