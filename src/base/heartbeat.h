// A process's sign of life to the coordinator: an eventfd, to which the process adds and which the
// coordinator empties when it looks. Neither waits for the other, and each sees whether the other still
// turns. It is no message of the channel, since who reads that may honestly be at work for minutes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

// The process's side. Without a descriptor nobody watches it, and it beats in vain.
class Heartbeat {
  public:
    static constexpr std::chrono::seconds interval{2};  // at most, between two beats

    Heartbeat() = default;
    explicit Heartbeat(UniqueFd fd) : fd_(std::move(fd)) {}

    void beat() const;        // never waits; any thread
    bool is_unheard() const;  // nobody has looked since the last beat

  private:
    UniqueFd fd_;
};

// The coordinator's side.
Result<UniqueFd> make_heartbeat();  // for both sides; close-on-exec
bool has_beaten(int heartbeat);     // since it was last asked

// Beats while it lives, for a process whose main thread may be at work for long. It is silent when the
// process is stopped; that the work comes to an end is for whoever asked for it to bound.
class BeatingThread {
  public:
    explicit BeatingThread(Heartbeat heartbeat);
    BeatingThread(const BeatingThread&) = delete;
    BeatingThread& operator=(const BeatingThread&) = delete;

  private:
    Heartbeat heartbeat_;
    std::mutex mutex_;
    std::condition_variable_any ended_;
    std::jthread thread_;
};

}  // namespace hilum
