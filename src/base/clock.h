// Wall-clock time as it is stored and shown. Durations are measured with std::chrono::steady_clock instead.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hilum {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

Timestamp now();
std::int64_t to_microseconds(Timestamp time);  // since 1970 UTC: what the database holds
Timestamp from_microseconds(std::int64_t microseconds);

std::string to_iso8601(Timestamp time);           // 2026-11-23T22:24:48.123456Z
std::string to_dicom_date(Timestamp time);        // DA in local time: 20261123
std::string to_dicom_time(Timestamp time);        // TM in local time: 222448.123456
std::string to_dicom_utc_offset(Timestamp time);  // TimezoneOffsetFromUTC of local time then: +0100

}  // namespace hilum
