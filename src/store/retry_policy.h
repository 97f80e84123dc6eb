// When to try again: delays that double up to a limit, spread at random so that many failures do not come
// back in step.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/units.h"

namespace hilum {

struct RetryPolicy {
    Duration first_delay;
    Duration longest_delay;

    // The delay after `attempts` failures (1 or more): first * 2^(attempts-1), at most the longest, times a
    // random factor from 0.8 to 1.2.
    Duration delay_after(int attempts, std::uint64_t chance) const;  // of World::random()
    Duration delay_after(int attempts) const;                        // by chance of its own
    Duration longest() const;                                        // that delay_after() ever gives
    Duration waited_after(
        int attempts) const;  // the sum of the delays after so many failures, but for chance
};

}  // namespace hilum
