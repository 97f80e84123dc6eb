// Judges how long a process has given no sign of life. It counts looks and asks no clock: when the machine
// slept or the whole node was stopped, however long, the looks go on where they were, with one more in vain.
#pragma once

#include <chrono>

#include "base/heartbeat.h"
#include "base/units.h"

namespace hilum {

class SignsOfLife {
  public:
    // `longest_silence` from the first sign of life on. Before it, a process loads its program and libraries,
    // from a slow disk on a busy machine: that may take longer.
    static constexpr std::chrono::seconds between_looks{4};
    static constexpr std::chrono::seconds usual_silence{16}, longest_beginning{120};
    static_assert(between_looks >= 2 * Heartbeat::interval, "a look in vain means something");

    enum class Verdict {
        alive,
        silent,  // for longer than chance explains
        lost,    // for so long that it is to be killed
    };

    explicit SignsOfLife(Duration longest_silence = usual_silence) : longest_silence_(longest_silence) {}

    // Every between_looks, with what the process's has_beaten() says.
    Verdict look(bool has_beaten) {
        has_begun_ = has_begun_ || has_beaten;
        silence_ = has_beaten ? Duration::zero() : silence_ + between_looks;
        if (silence_ >= (has_begun_ ? longest_silence_ : Duration(longest_beginning))) return Verdict::lost;
        return has_begun_ && silence_ > between_looks ? Verdict::silent : Verdict::alive;
    }
    Duration silence() const { return silence_; }
    bool has_begun() const { return has_begun_; }  // as far as was looked

  private:
    Duration longest_silence_, silence_{0};
    bool has_begun_ = false;
};

}  // namespace hilum
