#include "deidentification/date_shift.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/calendar_date.h"
#include "base/text.h"

namespace hilum::deidentification {
namespace {

constexpr const char* digits = "0123456789";

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(std::string_view(" \0", 2));
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(std::string_view(" \0", 2)) - begin + 1);
}

std::optional<std::string> moved(const std::string& date, int days) {
    const auto day = parse_date(date);
    if (!day) return {};
    const std::chrono::year_month_day earlier{std::chrono::sys_days{*day} - std::chrono::days{days}};
    const int year = static_cast<int>(earlier.year());
    if (year < 1 || year > 9999) return {};
    return fmt::format("{:04}{:02}{:02}", year, static_cast<unsigned>(earlier.month()),
                       static_cast<unsigned>(earlier.day()));
}

bool are_digits(std::string_view text) {
    return text.find_first_not_of(digits) == std::string_view::npos;
}

// Takes two digits, a number up to `most`, off the front of `text`.
bool take_number(std::string_view& text, int most) {
    if (text.size() < 2 || !are_digits(text.substr(0, 2))) return false;
    if ((text[0] - '0') * 10 + text[1] - '0' > most) return false;
    text.remove_prefix(2);
    return true;
}

// "HH[MM[SS[.F{1,6}]]]"; of old "HH:MM[:SS...]".
bool is_time(std::string_view text, bool may_be_of_old) {
    if (!take_number(text, 23)) return false;
    const bool of_old = may_be_of_old && text.starts_with(':');
    for (const int most : {59, 60}) {  // a leap second
        if (text.empty()) return true;
        if (of_old && text.front() != ':') return false;
        if (of_old) text.remove_prefix(1);
        if (!take_number(text, most)) return false;
    }
    return text.empty() ||
           (text.front() == '.' && text.size() >= 2 && text.size() <= 7 && are_digits(text.substr(1)));
}

bool is_offset(std::string_view text) {  // "&ZZXX"
    if (text.size() != 5 || (text.front() != '+' && text.front() != '-')) return false;
    const bool is_west = text.front() == '-';
    auto rest = text.substr(1);
    if (!take_number(rest, is_west ? 12 : 14) || !take_number(rest, 59)) return false;
    return text <= (is_west ? "-1200" : "+1400");
}

// "YYYY[MM[DD[HH[MM[SS[.F{1,6}]]]]]][&ZZXX]"
std::optional<std::string> moved_date_time(const std::string& text, int days) {
    const auto date_digits = std::min(text.find_first_not_of(digits), text.size());
    const auto precision = date_digits >= 8 ? 8 : date_digits;  // of YYYYMMDD
    if (precision != 4 && precision != 6 && precision != 8) return {};
    const auto zone = std::min(text.find_first_of("+-", precision), text.size());
    const auto time = std::string_view(text).substr(precision, zone - precision),
               offset = std::string_view(text).substr(zone);
    if (!time.empty() && (precision != 8 || !is_time(time, false))) return {};
    if (!offset.empty() && !is_offset(offset)) return {};
    if (precision == 4 && offset.starts_with('-')) return {};  // "YYYY-MMDD" as well
    const auto date = moved((text.substr(0, precision) + "0101").substr(0, 8), days);
    if (!date) return {};
    return date->substr(0, precision) + text.substr(precision);
}

template <typename Move>
std::optional<std::string> each_value(const std::string& value, Move move) {
    std::string all;
    const auto parts = split(value, '\\');
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) all += '\\';
        const auto part = trimmed(parts[i]);
        if (part.empty()) continue;
        const auto other = move(part);
        if (!other) return {};
        all += *other;
    }
    return all;
}

}  // namespace

std::optional<std::string> earlier_date(const std::string& value, int days) {
    return each_value(value, [days](const std::string& part) -> std::optional<std::string> {
        if (auto date = moved(part, days)) return date;  // also one with hyphens
        const auto hyphen = part.find('-');
        if (hyphen == std::string::npos || part.size() == 1) return {};
        const auto from = part.substr(0, hyphen), to = part.substr(hyphen + 1);
        const auto first = from.empty() ? from : moved(from, days);
        const auto last = to.empty() ? to : moved(to, days);
        if (!first || !last) return {};
        return *first + '-' + *last;
    });
}

std::optional<std::string> earlier_date_time(const std::string& value, int days) {
    return each_value(value, [days](const std::string& part) { return moved_date_time(part, days); });
}

std::optional<std::string> times_of_day(const std::string& value) {
    return each_value(value, [](const std::string& part) {
        return is_time(part, true) ? std::optional(part) : std::nullopt;
    });
}

bool is_utc_offset(const std::string& value) {
    return is_offset(trimmed(value));
}

}  // namespace hilum::deidentification
