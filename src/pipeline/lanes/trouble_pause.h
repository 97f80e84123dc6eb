// While the node lacks something, a lane tries one job after another in vain: it pauses, ever longer, until
// one is done. Each job has its own delay beside that.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/world.h"
#include "store/retry_policy.h"

namespace hilum {

class TroublePause {
  public:
    explicit TroublePause(World& world) : world_(world) {}

    void meet(const Error& error) {
        if (error.retry != Retry::once_mended || left() > Duration::zero()) return;
        until_ = world_.monotonic() + policy.delay_after(++in_a_row_, world_.random());
    }
    void pass() { in_a_row_ = 0; }
    Duration left() const {
        return std::max(Duration::zero(), std::chrono::duration_cast<Duration>(until_ - world_.monotonic()));
    }

  private:
    static constexpr RetryPolicy policy{std::chrono::milliseconds(500), std::chrono::seconds(30)};
    World& world_;
    MonotonicTime until_{};
    int in_a_row_ = 0;
};

}  // namespace hilum
