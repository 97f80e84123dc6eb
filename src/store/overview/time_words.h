// Times as people write and read them: "2h" ago, a day, a time of day; and in local time with its zone.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace hilum {

// The moment that an operator names, seen from `now`: a duration before it ("30min", "2h", "7d"), or a day or
// time in ISO 8601: "2026-11-23", "2026-11-23T14:05", "2026-11-23 14:05:30", in local time unless "Z" or an
// offset such as "+01:00" follows. A day is its beginning. Code "usage" for what is none, for a day that does
// not exist, and for a moment that is still to come.
Result<Timestamp> parse_moment(std::string_view text, Timestamp now);

// A time in UTC as the database tells it (to_iso8601), or its beginning down to the day: "2026-11-23",
// "2026-11-23T22:24", "2026-11-23T22:24:48.123456Z". Code "usage" for all else.
Result<Timestamp> parse_utc(std::string_view text);

// All of what such a time names, as far as it is written: a day, a minute, a second or a part of one.
struct NamedTime {
    Timestamp begin, end;  // `end` is after it
};
Result<NamedTime> parse_named_utc(std::string_view text);

std::string local_time(Timestamp time);                // "2026-11-23 23:24 CET"
std::string local_time_to_the_second(Timestamp time);  // "2026-11-23 23:24:48 CET"

}  // namespace hilum
