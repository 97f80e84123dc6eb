#include "scp/receive_watch.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace hilum::scp {
namespace {

constexpr std::chrono::microseconds time_for_a_byte{250};
constexpr std::chrono::seconds time_without_coordinator{5};

}  // namespace

void ReceiveWatch::start(Duration first_byte, std::uint64_t size_limit) {
    deadline_ = Clock::now() + first_byte;
    left_ = size_limit;
    idle_ = true;
    interruption_ = Interruption::none;
}

void ReceiveWatch::expect_within(Duration timeout) {
    start(timeout, std::numeric_limits<std::uint64_t>::max());
    extensible_ = false;
}

void ReceiveWatch::expect_message(Duration idle_timeout, Duration timeout, std::uint64_t size_limit) {
    start(idle_timeout, size_limit);
    timeout_ = timeout;
    extensible_ = true;
}

bool ReceiveWatch::wait(int socket) {
    while (interruption_ == Interruption::none) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
        if (left <= 0) {
            interruption_ = Interruption::timed_out;
            break;
        }
        pollfd fds[] = {{socket, POLLIN, 0}, {channel_, static_cast<short>(idle_ ? POLLIN : 0), 0}};
        if (::poll(fds, 2, static_cast<int>(std::min<std::int64_t>(left, 60'000))) < 0 && errno != EINTR)
            interruption_ = Interruption::timed_out;
        if (fds[0].revents != 0) return true;
        if (fds[1].revents == 0) continue;
        if (idle_) {
            interruption_ = Interruption::woken;
        } else {
            channel_ = -1;
            deadline_ = std::min(deadline_, Clock::now() + time_without_coordinator);
            extensible_ = false;
        }
    }
    return false;
}

std::size_t ReceiveWatch::allowance(std::size_t wanted) {
    if (left_ == 0) interruption_ = Interruption::oversized;
    return interruption_ == Interruption::none ? std::min<std::uint64_t>(wanted, left_) : 0;
}

void ReceiveWatch::note_received(std::size_t count) {
    left_ -= std::min<std::uint64_t>(left_, count);
    const auto latest = Clock::now() + timeout_;
    if (extensible_)
        deadline_ =
            idle_ ? latest : std::min(deadline_ + static_cast<std::int64_t>(count) * time_for_a_byte, latest);
    idle_ = false;
}

}  // namespace hilum::scp
