#include "store/clock_watch.h"

namespace hilum {

// A process that is held up between two readings must not see a step in that.
ClockReading read_clocks(const World& world) {
    constexpr Duration close_enough = std::chrono::milliseconds(10);
    ClockReading best{};
    Duration narrowest = Duration::max();
    for (int attempt = 0; attempt < 5 && narrowest > close_enough; ++attempt) {
        const Duration before = world.since_boot();
        const Timestamp wall = world.now();
        const Duration width = world.since_boot() - before;
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
