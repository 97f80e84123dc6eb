// What happened, in words, one line each with its simulated time; a digest over all of it tells whether two
// runs are the same.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/units.h"

namespace hilum::simulation {

class Trace {
  public:
    explicit Trace(bool printed) : printed_(printed) {}

    template <typename... Args>
    void tell(Duration at, fmt::format_string<Args...> format, Args&&... args) {
        add(at, fmt::format(format, std::forward<Args>(args)...));
    }
    std::uint64_t digest() const { return digest_; }
    std::uint64_t lines() const { return lines_; }

  private:
    void add(Duration at, const std::string& line);

    bool printed_;
    std::uint64_t digest_ = 0xcbf29ce484222325ULL, lines_ = 0;
};

}  // namespace hilum::simulation
