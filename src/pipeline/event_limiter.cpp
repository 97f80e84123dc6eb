#include "pipeline/event_limiter.h"

#include <algorithm>
#include <utility>

namespace hilum {
namespace {

constexpr std::size_t most_peers = 10'000;  // remembered before those are forgotten that owe nothing

}  // namespace

EventLimiter::Verdict EventLimiter::judge(const std::string& peer, MonotonicTime now) {
    if (peers_.size() >= most_peers) forget_the_quiet(now);
    auto& known = peers_[peer];
    const auto full_at = std::max(known.full_at, now) + time_for_another;
    if (full_at - now > burst * time_for_another) {
        ++known.left_out;
        return {};
    }
    known.full_at = full_at;
    return {true, std::exchange(known.left_out, 0)};
}

void EventLimiter::forget_the_quiet(MonotonicTime now) {
    std::erase_if(peers_, [&](const auto& entry) { return entry.second.full_at <= now; });
}

}  // namespace hilum
