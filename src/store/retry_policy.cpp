#include "store/retry_policy.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace hilum {

namespace {

constexpr double least_factor = 0.8, greatest_factor = 1.2;

}  // namespace

Duration RetryPolicy::delay_after(int attempts) const {
    thread_local std::minstd_rand generator{std::random_device{}()};
    const double doubled =
        static_cast<double>(first_delay.count()) * std::pow(2.0, std::min(attempts - 1, 40));
    const double limited = std::min(doubled, static_cast<double>(longest_delay.count()));
    return Duration(
        std::llround(limited * std::uniform_real_distribution(least_factor, greatest_factor)(generator)));
}

Duration RetryPolicy::longest() const {
    return Duration(std::llround(static_cast<double>(longest_delay.count()) * greatest_factor));
}

}  // namespace hilum
