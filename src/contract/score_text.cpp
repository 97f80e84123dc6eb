#include "contract/score_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hilum {
namespace {

constexpr int most_decimals = 14;  // with "0." the 16 characters of a DS
constexpr double least = 1e-14;

std::string with_sign(std::string text, const std::string& decimal_sign) {
    if (const auto sign = text.find('.'); sign != std::string::npos) text.replace(sign, 1, decimal_sign);
    return text;
}

double number_of(const std::string& text) {
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

std::string score_text(double score, const std::string& decimal_sign) {
    const std::string text = fmt::format("{:.2f}", score);
    const double shown = number_of(text);
    if (shown >= 1) return with_sign(">0.99", decimal_sign);
    if (shown <= 0) return with_sign("<0.01", decimal_sign);
    return with_sign(text, decimal_sign);
}

std::string limit_text(double limit, const std::string& decimal_sign) {
    std::string text;
    for (int decimals = 2; decimals <= 6; ++decimals) {
        text = fmt::format("{:.{}f}", limit, decimals);
        if (number_of(text) == limit) break;
    }
    return with_sign(text, decimal_sign);
}

std::string score_number(double score) {
    if (score <= 0 || score >= 1) return fmt::format("{:.4f}", score);
    const double between = std::clamp(score, least, 1 - least);
    for (int decimals = 4; decimals < most_decimals; ++decimals) {
        const std::string text = fmt::format("{:.{}f}", between, decimals);
        if (const double shown = number_of(text); shown > 0 && shown < 1) return text;
    }
    return fmt::format("{:.{}f}", between, most_decimals);
}

}  // namespace hilum
