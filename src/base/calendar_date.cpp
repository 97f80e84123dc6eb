#include "base/calendar_date.h"

#include <charconv>

namespace hilum {
namespace {

std::optional<unsigned> number_in(std::string_view digits) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) return {};
    return number;
}

}  // namespace

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) {
    constexpr std::string_view separators = ".-/:";
    const bool separated =
        text.size() == 10 && text[4] == text[7] && separators.find(text[4]) != std::string_view::npos;
    if (!separated && text.size() != 8) return {};
    const auto year = number_in(text.substr(0, 4)), month = number_in(text.substr(separated ? 5 : 4, 2)),
               day = number_in(text.substr(separated ? 8 : 6, 2));
    if (!year || !month || !day) return {};
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(*month), std::chrono::day(*day)};
    if (!date.ok()) return {};
    return date;
}

}  // namespace hilum
