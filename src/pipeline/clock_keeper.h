// Looks at the wall clock every second, so that an idle node notices too that it was set, and notes every
// minute that the node runs.
#pragma once

#include <functional>

#include "base/world.h"
#include "store/clock_watch.h"
#include "store/database/commit_queue.h"

namespace hilum {

class ClockKeeper {
  public:
    ClockKeeper(World& world, CommitQueue& commits);

    // `on_set`: called on the loop once the deadlines have been moved: whoever waits for one is to look
    // again.
    void start(std::function<void()> on_set);

  private:
    void look_later();
    void look();

    World& world_;
    CommitQueue& commits_;
    std::function<void()> on_set_;
    ClockWatch watch_;
    std::unique_ptr<Timer> timer_;
    int looks_ = 0;  // since the time was kept
};

}  // namespace hilum
