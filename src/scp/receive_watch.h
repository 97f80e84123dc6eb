// What ends a wait for the peer: a deadline that the peer cannot stretch, or word from the coordinator.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/units.h"

namespace hilum::scp {

inline constexpr int unlimited_seconds = 24 * 3600;  // for DCMTK's timeouts, since the ReceiveWatch decides

enum class Interruption {
    none,
    timed_out,  // nothing came in time, or it came too slowly
    woken,      // between messages: the coordinator wrote or is gone
    oversized,  // the message is longer than it may be
};

class ReceiveWatch {
  public:
    // `channel` is the descriptor of the channel to the coordinator.
    explicit ReceiveWatch(int channel) : channel_(channel) {}

    // From now on one thing, an A-ASSOCIATE-RQ or the peer's closing, has to come whole within `timeout`.
    void expect_within(Duration timeout);

    // From now on one message. Its first byte has to come within `idle_timeout`, the others so fast that the
    // peer is never more than `timeout` behind a rate of 4 kB/s. More than `size_limit` bytes are not read.
    void expect_message(Duration idle_timeout, Duration timeout, std::uint64_t size_limit);

    // Waits until `socket` is readable (or closed); false when interrupted. Once a message has begun the
    // coordinator does not interrupt it, but its end leaves the message only a few seconds.
    bool wait(int socket);

    // How many of `wanted` bytes may be read now; 0 when interrupted.
    std::size_t allowance(std::size_t wanted);
    void note_received(std::size_t count);

    Interruption interruption() const { return interruption_; }
    bool idle() const { return idle_; }  // nothing came of what is expected

  private:
    using Clock = std::chrono::steady_clock;
    void start(Duration first_byte, std::uint64_t size_limit);

    int channel_;
    Clock::time_point deadline_;
    Duration timeout_{};       // of a message that has begun
    std::uint64_t left_ = 0;   // bytes that may still come
    bool idle_ = true;         // no byte came yet
    bool extensible_ = false;  // by each byte that comes
    Interruption interruption_ = Interruption::none;
};

}  // namespace hilum::scp
