// How many events of one kind and peer the audit trail and the log take, from which nothing can be deleted: a
// peer that sends garbage for ever must not fill the disk. Counters count all of them, and what is left out
// is counted here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/limits/rate_limiter.h"

namespace hilum {

class EventLimiter {
  public:
    struct Rate {
        int burst;
        Duration time_for_another;
    };
    // Of each sort of events, and of all together.
    EventLimiter(Rate each, Rate all)
        : each_(each.burst, each.time_for_another), all_(all.burst, all.time_for_another) {}

    struct Verdict {
        bool audited = false;       // false: too many came of this sort
        std::int64_t left_out = 0;  // of this sort, since the last one that was audited
    };
    // `sort`: whose, and of what kind. Events that are told together have a `count`.
    Verdict judge(const std::string& sort, MonotonicTime now, std::int64_t count = 1);

    struct LeftOut {
        std::string sort;  // empty: of many, that are not told one by one
        std::int64_t count = 0;
    };
    // What was left out and not told of since: at most `most` sorts, those with the most events, and the rest
    // in one.
    std::vector<LeftOut> take_left_out(std::size_t most);
    bool has_left_out() const { return !left_out_.empty(); }

  private:
    RateLimiter each_, all_;
    std::map<std::string, std::int64_t> left_out_;
};

}  // namespace hilum
