// The one door to what is not a function of its input: the clocks, timers, chance, child processes, files and
// the order in which things happen. The coordinator and the store take all of it from here, so that a
// simulated world can break them ten thousand times an hour (tests/simulation). The real one is
// pipeline/asio_world.h.
//
// Everything is called, and calls back, on one thread, the loop's, but for what says otherwise. No callback
// runs within the call that asked for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace hilum {

// A time that nobody can set.
using MonotonicTime = std::chrono::steady_clock::time_point;

// Waits once. To be destroyed or started anew at any time, also within its own callback.
class Timer {
  public:
    virtual ~Timer() = default;  // what it waited for does not happen
    virtual void start(Duration wait,
                       std::function<void()> due) = 0;  // in place of what it waited for before
    virtual void cancel() = 0;
};

// Runs one piece of work after another, beside the loop: what blocks (a disk) belongs here.
class Background {
  public:
    virtual ~Background() = default;                    // runs what waits, then ends
    virtual void post(std::function<void()> work) = 0;  // any thread may call it
};

// Calls back each time the descriptor has something to read, or its peer is gone, until it is destroyed.
class Watch {
  public:
    virtual ~Watch() = default;
};

// A process that gives signs of life (base/heartbeat.h).
class LivingProcess {
  public:
    virtual ~LivingProcess() = default;
    virtual bool has_beaten() = 0;  // since this was last asked
    virtual void kill() = 0;        // SIGKILL
};

// A child that was started. Its end is told once, after which it runs no more. Destroyed, it is killed if it
// still runs; then nothing is told.
class RunningProcess : public LivingProcess {
  public:
    virtual pid_t pid() const = 0;
};

// Files of the data directory. Calls block; any thread may make them. Codes: "disk_full", "not_found",
// "system".
class Files {
  public:
    virtual ~Files() = default;
    virtual Result<UniqueFd> open(const std::filesystem::path& file) = 0;  // for reading; follows no link
    // After success it is on the disk whatever happens to the machine; an existing file is replaced.
    virtual Status write_durably(const std::filesystem::path& file, std::span<const std::byte> bytes) = 0;
    virtual Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
    virtual Status remove_durably(const std::filesystem::path& file) = 0;  // success where there is none
    virtual Result<std::uint64_t> size(const std::filesystem::path& file) = 0;
    virtual Result<std::uint64_t> free_space(const std::filesystem::path& folder) = 0;  // bytes, for our user
};

class World {
  public:
    virtual ~World() = default;

    virtual Timestamp now() const = 0;            // the wall clock, which people set; any thread
    virtual MonotonicTime monotonic() const = 0;  // any thread
    virtual Duration since_boot() const = 0;      // goes on while the machine sleeps; any thread
    virtual std::uint64_t random() = 0;           // any thread

    virtual void post(std::function<void()> action) = 0;  // on the loop, in order; any thread
    virtual std::unique_ptr<Timer> make_timer() = 0;
    virtual std::unique_ptr<Background> make_background() = 0;
    virtual std::unique_ptr<Watch> watch(int fd, std::function<void()> readable) = 0;

    // `ended` gets the status as waitpid(2) has it. The child's heartbeat is one more descriptor, after those
    // of the options.
    virtual Result<std::unique_ptr<RunningProcess>> spawn(const SpawnOptions& options,
                                                          std::function<void(int wait_status)> ended) = 0;
    // A process that a child has forked. It outlives what is returned.
    virtual std::unique_ptr<LivingProcess> oversee(pid_t pid, UniqueFd pidfd, UniqueFd heartbeat) = 0;
    virtual Files& files() = 0;
};

}  // namespace hilum
