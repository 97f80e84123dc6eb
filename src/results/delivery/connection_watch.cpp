#include "results/delivery/connection_watch.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "results/delivery/readiness.h"

namespace hilum::delivery {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_looks{100};  // at a send queue
constexpr std::chrono::milliseconds shortest_look{1};

}  // namespace

void ConnectionWatch::watch(int socket) {
    socket_ = socket;
    sent_ = progressed_to_ = 0;
    timed_out_ = lost_ = false;
}

void ConnectionWatch::allow(Duration duration) {
    patience_ = duration;
    progress_counts_ = true;
    deadline_ = Clock::now() + duration;
    if (on_progress_) on_progress_();
}

void ConnectionWatch::limit(Duration duration) {
    allow(duration);
    progress_counts_ = false;
}

std::size_t ConnectionWatch::queued() const {
    int bytes = 0;
    return ::ioctl(socket_, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void ConnectionWatch::look_for_progress() {
    unacknowledged_ = queued();
    const auto acknowledged = sent_ - std::min<std::uint64_t>(sent_, unacknowledged_);
    if (acknowledged <= progressed_to_) return;
    if (unacknowledged_ > 0 && acknowledged - progressed_to_ < least_progress) return;
    progressed_to_ = acknowledged;
    if (progress_counts_) allow(patience_);
}

bool ConnectionWatch::wait(short events) {
    for (;;) {
        look_for_progress();
        // What is there already is taken a while longer, so that a process that was stopped finds its answer;
        // but not from a peer that always has some more.
        if (Clock::now() >= deadline_ + patience_) {
            timed_out_ = true;
            return false;
        }
        const auto next_look = unacknowledged_ > 0 ? Clock::now() + between_looks : deadline_;
        if (wait_for(socket_, events, std::min(next_look, deadline_))) return true;
        look_for_progress();
        if (Clock::now() < deadline_) continue;
        timed_out_ = true;
        return false;
    }
}

bool ConnectionWatch::send(const char* bytes, std::size_t size) {
    if (progress_counts_ && queued() == 0) allow(patience_);  // nothing was owed so far
    for (std::size_t done = 0; done < size;) {
        if (!wait(POLLOUT)) return false;
        const auto n = ::send(socket_, bytes + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) {
            lost_ = true;
            return false;
        }
        done += static_cast<std::size_t>(n);
        sent_ += static_cast<std::uint64_t>(n);
    }
    return true;
}

bool ConnectionWatch::flush() {
    for (auto look = shortest_look;; look = std::min(2 * look, between_looks)) {
        look_for_progress();
        if (unacknowledged_ == 0) return true;
        if (Clock::now() >= deadline_) {
            timed_out_ = true;
            return false;
        }
        // Asked for nothing, poll() tells an error or the end all the same.
        if (wait_for(socket_, 0, std::min(Clock::now() + look, deadline_))) {
            lost_ = true;
            return false;
        }
    }
}

}  // namespace hilum::delivery
