// Waking up by a timer.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/world.h"

namespace hilum {

// Calls `action` after `wait`, in place of what the timer waited for before. A little
// later where the time has come already, so that a clock that steps back cannot make a busy loop.
inline void wake_up_after(Timer& timer, Duration wait, std::function<void()> action) {
    timer.start(std::max<Duration>(wait, std::chrono::milliseconds(10)), std::move(action));
}

// Images come in bursts, and to ask what is to be done next costs a look at all that waits: those who wait
// for images are told of the first, and of more once in a while.
class Arrivals {
  public:
    static constexpr std::chrono::milliseconds told_again_after{50};

    Arrivals(World& world, std::function<void()> tell) : timer_(world.make_timer()), tell_(std::move(tell)) {}

    // Told within this call, or told_again_after the last time.
    void came() {
        if (waiting_)
            more_came_ = true;
        else
            tell();
    }

  private:
    void tell() {
        more_came_ = false;
        waiting_ = true;
        timer_->start(told_again_after, [this] {
            waiting_ = false;
            if (more_came_) tell();
        });
        tell_();
    }

    std::unique_ptr<Timer> timer_;
    std::function<void()> tell_;
    bool waiting_ = false, more_came_ = false;
};

}  // namespace hilum
