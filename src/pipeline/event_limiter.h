// How many failures of one peer the audit trail takes, from which nothing can be deleted: a peer that sends
// garbage for ever must not fill the disk. Counters count all of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/world.h"

namespace hilum {

class EventLimiter {
  public:
    static constexpr int burst = 1000;
    static constexpr std::chrono::minutes time_for_another{1};

    struct Verdict {
        bool audited = false;       // false: too many came of this peer
        std::int64_t left_out = 0;  // of this peer, since the last one that was audited
    };
    Verdict judge(const std::string& peer, MonotonicTime now);

  private:
    struct Peer {
        MonotonicTime full_at;  // when its whole burst is there again
        std::int64_t left_out = 0;
    };
    void forget_the_quiet(MonotonicTime now);

    std::map<std::string, Peer> peers_;
};

}  // namespace hilum
