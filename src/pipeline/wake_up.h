// Waiting on a timer.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/world.h"

namespace hilum {

// Calls `action` after `wait`, in place of what the timer waited for before. A little
// later where the time has come already, so that a clock that steps back cannot make a busy loop.
inline void wake_up_after(Timer& timer, Duration wait, std::function<void()> action) {
    timer.start(std::max<Duration>(wait, std::chrono::milliseconds(10)), std::move(action));
}

}  // namespace hilum
