// Notices that somebody set the wall clock, by comparing it with the time since boot, which nobody can set
// and which goes on while the machine sleeps.
#pragma once

#include "base/world.h"

namespace hilum {

// Both clocks at one moment.
struct ClockReading {
    Timestamp wall;       // CLOCK_REALTIME
    Duration since_boot;  // CLOCK_BOOTTIME
};
ClockReading read_clocks(const World& world);

class ClockWatch {
  public:
    // Less than this is the work of NTP, a leap second or a slow reading, and harms no deadline.
    static constexpr Duration smallest_step = std::chrono::seconds(2);

    explicit ClockWatch(const ClockReading& first) : offset_(offset_of(first)) {}

    // By how much the wall clock was set since the reading before: positive, ahead; zero, it was not.
    Duration step_to(const ClockReading& reading);

  private:
    static Duration offset_of(const ClockReading& reading) {
        return reading.wall.time_since_epoch() - reading.since_boot;
    }
    Duration offset_;
};

}  // namespace hilum
