#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace hilum {
namespace {

struct Broken {
    std::tm tm;
    int microseconds;
};

Broken local(Timestamp time) {
    const std::int64_t us = to_microseconds(time);
    const std::time_t seconds = us / 1'000'000;
    Broken broken{};
    localtime_r(&seconds, &broken.tm);
    broken.microseconds = static_cast<int>(us % 1'000'000);
    return broken;
}

}  // namespace

Timestamp now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::int64_t to_microseconds(Timestamp time) {
    return time.time_since_epoch().count();
}

Timestamp from_microseconds(std::int64_t microseconds) {
    return Timestamp(std::chrono::microseconds(microseconds));
}

std::string to_iso8601(Timestamp time) {
    const std::int64_t us = to_microseconds(time);
    const std::time_t seconds = us / 1'000'000;
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, us % 1'000'000);
}

std::string to_dicom_date(Timestamp time) {
    const auto [tm, us] = local(time);
    return fmt::format("{:04}{:02}{:02}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

std::string to_dicom_time(Timestamp time) {
    const auto [tm, us] = local(time);
    return fmt::format("{:02}{:02}{:02}.{:06}", tm.tm_hour, tm.tm_min, tm.tm_sec, us);
}

std::string to_dicom_utc_offset(Timestamp time) {
    const auto [tm, us] = local(time);
    const long minutes = tm.tm_gmtoff / 60;
    return fmt::format("{}{:02}{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                       std::abs(minutes) % 60);
}

}  // namespace hilum
