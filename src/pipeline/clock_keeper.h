// Looks at the wall clock every second, so that an idle node notices too that it was set, and notes every
// minute that the node runs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "store/clock_watch.h"
#include "store/database/commit_queue.h"

namespace hilum {

class ClockKeeper {
  public:
    // `on_set`: called on the loop once the deadlines have been moved: whoever waits for one is to look
    // again.
    ClockKeeper(boost::asio::io_context& loop, CommitQueue& commits, std::function<void()> on_set);

    void start() { look_later(); }

  private:
    void look_later();
    void look();

    CommitQueue& commits_;
    std::function<void()> on_set_;
    ClockWatch watch_{read_clocks()};
    boost::asio::steady_timer timer_;
    int looks_ = 0;  // since the time was kept
};

}  // namespace hilum
