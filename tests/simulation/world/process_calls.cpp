#include "simulation/world/process_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>
#include <random>
#include <utility>

namespace {

struct Calls {
    std::function<hilum::Timestamp()> now;
    std::function<unsigned()> random;
};
thread_local Calls* calls = nullptr;

}  // namespace

namespace hilum::simulation {

StandIn::StandIn(std::function<Timestamp()> now, std::function<unsigned()> random) {
    calls = new Calls{std::move(now), std::move(random)};
}

StandIn::~StandIn() {
    delete std::exchange(calls, nullptr);
}

}  // namespace hilum::simulation

// In place of the C library's.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    if (calls == nullptr || clock != CLOCK_REALTIME)
        return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    const auto at = hilum::to_microseconds(calls->now());
    *time = {at / 1'000'000, at % 1'000'000 * 1000};
    return 0;
}

// In place of the C++ library's.
std::random_device::result_type std::random_device::_M_getval() {
    if (calls != nullptr) return calls->random();
    result_type value = 0;
    while (::syscall(SYS_getrandom, &value, sizeof value, 0) != sizeof value) {
    }
    return value;
}
