// Durations and sizes as people write them in configuration: "5ms", "10s", "2min", "72h", "7d"; "64MiB",
// "2GiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hilum {

using Duration = std::chrono::microseconds;

Result<Duration> parse_duration(std::string_view text);
Result<std::uint64_t> parse_size(std::string_view text);  // bytes
std::string format_duration(Duration duration);           // "10s", "1.5s", "2min 3s", "3d 4h"

}  // namespace hilum
