// Dates of headers (DA, PS3.5 6.2), and what can be an age.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hilum {

// "YYYYMMDD", or as ACR-NEMA and some archives have it: "YYYY.MM.DD", with a point, hyphen, slash or colon
// twice. Nothing for any other text and for days that no calendar has.
std::optional<std::chrono::year_month_day> parse_date(std::string_view text);

// A person's age; what is more is none, be it in a header or in a table: nobody is known to have been older
// than 122 (Jeanne Calment), while placeholders for a birth date, such as 19000101, tell of more.
inline constexpr double highest_age_years = 122;

constexpr bool is_age(double years) {
    return years >= 0 && years <= highest_age_years;
}

}  // namespace hilum
