#include "results/delivery/readiness.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace hilum {

bool wait_for(int fd, short events, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd entry{fd, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return true;
        if (ready == 0 && left <= 0) return false;
    }
}

}  // namespace hilum
