// How often each of many may do something: a burst at once, and then one more each time that
// `time_for_another` has passed. Not for more than one thread.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/units.h"
#include "base/world.h"

namespace hilum {

class RateLimiter {
  public:
    RateLimiter(int burst, Duration time_for_another) : burst_(burst), time_for_another_(time_for_another) {}

    // Whether `who` may do it now; then it counts.
    bool take(const std::string& who, MonotonicTime now);

  private:
    int burst_;
    Duration time_for_another_;
    std::map<std::string, MonotonicTime> full_at_;  // when the whole burst is there again
    MonotonicTime next_forgetting_{};
};

}  // namespace hilum
