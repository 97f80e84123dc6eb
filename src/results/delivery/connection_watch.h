// How long a destination may take, with one meaning of progress. What lies in the socket's send queue is not
// sent yet: while the destination goes on acknowledging it, the connection is slow and not silent. The time
// for an answer runs from the moment when everything has arrived. Used by the sender process, for DICOM and
// HL7 alike. Single-threaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/units.h"

namespace hilum::delivery {

// What has to arrive within the time allowed, unless it is the rest, to count as progress: a peer that takes
// byte after byte may not hold us for ever.
inline constexpr std::uint64_t least_progress = 4096;  // bytes

class ConnectionWatch {
  public:
    // `on_progress` is called, if there is one, whenever a step is begun or made, several times a second at
    // most.
    explicit ConnectionWatch(std::function<void()> on_progress = {}) : on_progress_(std::move(on_progress)) {}

    void watch(int socket);  // a new connection
    int socket() const { return socket_; }
    void forget() { socket_ = -1; }  // it is closed

    // A step begins that may take so long without progress.
    void allow(Duration duration);
    // One that ends after so long, whatever arrives meanwhile.
    void limit(Duration duration);

    // Until poll() finds one of `events`. False when the time is over: timed_out().
    bool wait(short events);
    // All of it into the send queue, waiting as long as the peer makes progress. False when the time is over,
    // or the peer closed or reset the connection: lost().
    bool send(const char* bytes, std::size_t size);

    // Until the peer's system has acknowledged all that was sent. False as above.
    bool flush();

    void lose() { lost_ = true; }
    bool timed_out() const { return timed_out_; }
    bool lost() const { return lost_; }
    // When it was over: bytes that the peer had not acknowledged. With none it owed an answer.
    std::size_t unacknowledged() const { return unacknowledged_; }

  private:
    std::size_t queued() const;
    void look_for_progress();

    std::function<void()> on_progress_;
    int socket_ = -1;
    Duration patience_{};
    bool progress_counts_ = true;
    std::chrono::steady_clock::time_point deadline_;
    std::uint64_t sent_ = 0, progressed_to_ = 0;  // bytes of this connection
    std::size_t unacknowledged_ = 0;
    bool timed_out_ = false, lost_ = false;
};

}  // namespace hilum::delivery
