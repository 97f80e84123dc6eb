#include "base/limits/rate_limiter.h"

#include <algorithm>

namespace hilum {
namespace {

constexpr std::size_t most_remembered = 10'000;  // before those are forgotten that have their whole burst
constexpr std::chrono::seconds between_forgettings{1};

}  // namespace

bool RateLimiter::take(const std::string& who, MonotonicTime now) {
    if (full_at_.size() >= most_remembered && now >= next_forgetting_) {
        std::erase_if(full_at_, [&](const auto& entry) { return entry.second <= now; });
        next_forgetting_ = now + between_forgettings;  // a look at all of them for each call would be work
    }
    // So many at a time are an attack from addresses that are made up; the rest share one allowance.
    const bool known = full_at_.size() < most_remembered || full_at_.contains(who);
    auto& full_at = full_at_[known ? who : std::string()];
    const auto then = std::max(full_at, now) + time_for_another_;
    if (then - now > burst_ * time_for_another_) return false;
    full_at = then;
    return true;
}

}  // namespace hilum
