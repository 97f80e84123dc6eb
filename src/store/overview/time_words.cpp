#include "store/overview/time_words.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

#include "base/units.h"

namespace hilum {
namespace {

// Takes a number of exactly `digits` digits from the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits ||
        text.substr(0, digits).find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    int number = 0;
    std::from_chars(text.data(), text.data() + digits, number);
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

struct Parts {
    std::tm tm{};  // as written
    std::chrono::microseconds fraction{0};
    std::optional<std::chrono::minutes> offset;               // of UTC, where one is written
    std::chrono::microseconds length = std::chrono::days(1);  // of what is named
};

bool take_date(std::string_view& text, std::tm& tm) {
    const auto year = take_number(text, 4);
    if (!year || !take(text, '-')) return false;
    const auto month = take_number(text, 2);
    if (!month || !take(text, '-')) return false;
    const auto day = take_number(text, 2);
    if (!day) return false;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    tm.tm_year = *year - 1900;
    tm.tm_mon = *month - 1;
    tm.tm_mday = *day;
    return date.ok() && *year >= 1970;
}

bool take_time_of_day(std::string_view& text, Parts& parts) {
    const auto hour = take_number(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return false;
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59) return false;
    parts.tm.tm_hour = *hour;
    parts.tm.tm_min = *minute;
    parts.length = std::chrono::minutes(1);
    if (!take(text, ':')) return true;
    const auto second = take_number(text, 2);
    if (!second || *second > 59) return false;
    parts.tm.tm_sec = *second;
    parts.length = std::chrono::seconds(1);
    if (!take(text, '.')) return true;
    int unit = 100'000, digits = 0;
    while (const auto digit = take_number(text, 1)) {
        parts.fraction += std::chrono::microseconds(*digit * unit);
        parts.length = std::chrono::microseconds(std::max(unit, 1));
        unit /= 10;
        ++digits;
    }
    return digits > 0;
}

bool take_offset(std::string_view& text, Parts& parts) {
    if (take(text, 'Z')) {
        parts.offset = std::chrono::minutes(0);
        return true;
    }
    const bool east = !text.empty() && text.front() == '+';
    if (!take(text, '+') && !take(text, '-')) return false;
    const auto hours = take_number(text, 2);
    take(text, ':');
    const auto minutes = take_number(text, 2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return false;
    parts.offset = std::chrono::minutes((east ? 1 : -1) * (*hours * 60 + *minutes));
    return true;
}

std::optional<Parts> parse_parts(std::string_view text) {
    Parts parts;
    if (!take_date(text, parts.tm)) return std::nullopt;
    if (text.empty()) return parts;
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    if (!take_time_of_day(text, parts)) return std::nullopt;
    if (!text.empty() && !take_offset(text, parts)) return std::nullopt;
    return text.empty() ? std::optional(parts) : std::nullopt;
}

Timestamp in_utc(Parts parts) {
    const auto seconds = ::timegm(&parts.tm);
    return Timestamp(std::chrono::seconds(seconds)) + parts.fraction -
           parts.offset.value_or(std::chrono::minutes(0));
}

Timestamp in_local_time(Parts parts) {
    parts.tm.tm_isdst = -1;
    return Timestamp(std::chrono::seconds(std::mktime(&parts.tm))) + parts.fraction;
}

std::string formatted(Timestamp time, const char* format) {
    const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm tm{};
    ::localtime_r(&seconds, &tm);
    char text[64];
    return {text, std::strftime(text, sizeof text, format, &tm)};
}

}  // namespace

Result<Timestamp> parse_moment(std::string_view text, Timestamp now) {
    const auto parts = parse_parts(text);
    const auto duration = parts ? Result<Duration>(Duration()) : parse_duration(text);
    if (!parts && !duration)
        return fail("usage",
                    "'{}' is no time: write how long ago, such as 30min, 2h or 7d, or a day or time, such as "
                    "2026-11-23 "
                    "or 2026-11-23T14:05",
                    text);
    if (!parts) {
        if (*duration > now.time_since_epoch())
            return fail("usage", "'{}' is longer ago than Hilum can tell", text);
        return now - *duration;
    }
    const auto time = parts->offset ? in_utc(*parts) : in_local_time(*parts);
    if (time > now) return fail("usage", "'{}' is still to come", text);
    return time;
}

Result<Timestamp> parse_utc(std::string_view text) {
    return parse_named_utc(text).map([](const NamedTime& time) { return time.begin; });
}

Result<NamedTime> parse_named_utc(std::string_view text) {
    const auto parts = parse_parts(text);
    if (!parts || parts->offset.value_or(std::chrono::minutes(0)).count() != 0)
        return fail("usage", "'{}' is not a time in UTC like 2026-11-23 or 2026-11-23T22:24", text);
    const auto begin = in_utc(*parts);
    return NamedTime{begin, begin + parts->length};
}

std::string local_time(Timestamp time) {
    return formatted(time, "%Y-%m-%d %H:%M %Z");
}

std::string local_time_to_the_second(Timestamp time) {
    return formatted(time, "%Y-%m-%d %H:%M:%S %Z");
}

}  // namespace hilum
