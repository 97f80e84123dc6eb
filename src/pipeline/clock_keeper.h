// Looks at the clock every second, so that an idle node notices too that it was set; takes up jobs whose
// lease has passed, within about a second of it; notes every minute that the node runs. An idle node commits
// nothing but that minute and a look at the leases now and then.
#pragma once

#include <functional>
#include <optional>

#include "base/world.h"
#include "contract/configuration.h"
#include "store/clock_watch.h"
#include "store/database/commit_queue.h"

namespace hilum {

class ClockKeeper {
  public:
    ClockKeeper(World& world, CommitQueue& commits);

    // `on_changed`: called on the loop once the deadlines have been moved, or jobs that lost their owner were
    // taken up: whoever waits for one is to look again.
    void start(std::function<void()> on_changed);

  private:
    struct Leases;
    void look_later();
    void look();
    void take_up();
    void taken_up(const Result<Leases>& leases);

    World& world_;
    CommitQueue& commits_;
    std::function<void()> on_changed_;
    ClockWatch watch_;
    std::unique_ptr<Timer> timer_;
    bool taking_up_ = false;
    // Since boot: nobody sets it, and it goes on while the machine sleeps, as leases do.
    Duration next_take_up_{0};
    int looks_ = 0;  // since the time was kept
};

}  // namespace hilum
