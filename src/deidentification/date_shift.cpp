#include "deidentification/date_shift.h"

#include <fmt/format.h>

#include <chrono>

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

std::optional<std::string> moved_date_time(const std::string& text, int days) {
    const auto date_digits = std::min(text.find_first_not_of(digits), text.size());
    const auto precision = date_digits >= 8 ? 8 : date_digits;  // of YYYYMMDD
    if (precision != 4 && precision != 6 && precision != 8) return {};
    const auto date = moved((text.substr(0, precision) + "0101").substr(0, 8), days);
    if (!date) return {};
    // What follows is a time and a zone; of anything else nobody knows what it tells.
    if (text.find_first_not_of("0123456789.+-", precision) != std::string::npos) return {};
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

}  // namespace hilum::deidentification
