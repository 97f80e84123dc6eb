#include "store/clock_watch.h"

#include <ctime>

namespace hilum {
namespace {

Duration since_boot() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_nsec / 1000);
}

}  // namespace

// A process that is held up between two readings must not see a step in that.
ClockReading read_clocks() {
    constexpr Duration close_enough = std::chrono::milliseconds(10);
    ClockReading best{};
    Duration narrowest = Duration::max();
    for (int attempt = 0; attempt < 5 && narrowest > close_enough; ++attempt) {
        const Duration before = since_boot();
        const Timestamp wall = now();
        const Duration width = since_boot() - before;
        if (width >= narrowest) continue;
        narrowest = width;
        best = {wall, before + width / 2};
    }
    return best;
}

Duration ClockWatch::step_to(const ClockReading& reading) {
    const Duration offset = offset_of(reading);
    const Duration step = offset - offset_;
    offset_ = offset;  // also where it drifts, so that drift never adds up to a step
    return std::chrono::abs(step) < smallest_step ? Duration::zero() : step;
}

}  // namespace hilum
