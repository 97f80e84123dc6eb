// Waiting for a job's next attempt.
#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "base/units.h"

namespace hilum {

// Calls `action` on the timer's loop after `wait`, in place of what the timer waited for before. A little
// later where the time has come already, so that a clock that steps back cannot make a busy loop.
template <typename Action>
void wake_up_after(boost::asio::steady_timer& timer, Duration wait, Action action) {
    timer.expires_after(std::max<Duration>(wait, std::chrono::milliseconds(10)));
    timer.async_wait([action = std::move(action)](const boost::system::error_code& error) {
        if (!error) action();
    });
}

}  // namespace hilum
