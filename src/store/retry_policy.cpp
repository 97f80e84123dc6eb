#include "store/retry_policy.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace hilum {

namespace {

constexpr double least_factor = 0.8, greatest_factor = 1.2;

}  // namespace

Duration RetryPolicy::delay_after(int attempts, std::uint64_t chance) const {
    const double doubled =
        static_cast<double>(first_delay.count()) * std::pow(2.0, std::min(attempts - 1, 40));
    const double limited = std::min(doubled, static_cast<double>(longest_delay.count()));
    const double share = std::ldexp(static_cast<double>(chance), -64);  // of the spread, 0 to 1
    return Duration(std::llround(limited * std::lerp(least_factor, greatest_factor, share)));
}

Duration RetryPolicy::delay_after(int attempts) const {
    thread_local std::mt19937_64 generator{std::random_device{}()};
    return delay_after(attempts, generator());
}

Duration RetryPolicy::longest() const {
    return Duration(std::llround(static_cast<double>(longest_delay.count()) * greatest_factor));
}

Duration RetryPolicy::waited_after(int attempts) const {
    Duration waited{};
    auto delay = std::min(first_delay, longest_delay);
    for (; attempts > 0 && delay < longest_delay; --attempts) {
        waited += delay;
        delay = std::min(2 * delay, longest_delay);
    }
    return waited + attempts * longest_delay;
}

}  // namespace hilum
