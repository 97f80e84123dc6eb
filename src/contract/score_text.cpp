#include "contract/score_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hilum {
namespace {

constexpr int text_decimals = 2;    // for people
constexpr int number_decimals = 4;  // for programs
constexpr int limit_decimals = 6;
constexpr int most_decimals = 14;  // with "0." the 16 characters of a DS
constexpr double least = 1e-14;
constexpr int telling_decimals = 17;  // tell any two scores apart that are no tiny numbers

std::string with_sign(std::string text, const std::string& decimal_sign) {
    if (const auto sign = text.find('.'); sign != std::string::npos) text.replace(sign, 1, decimal_sign);
    return text;
}

double number_of(const std::string& text) {
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// A score as it is shown, and between which numbers its reader takes it to be.
struct Shown {
    std::string text;
    double least, most;
};

Shown shown_text(double score, int decimals) {
    std::string text = fmt::format("{:.{}f}", score, decimals);
    const double number = number_of(text);
    const auto places = static_cast<std::size_t>(decimals);
    if (number >= 1) {
        text = "0." + std::string(places, '9');
        return {">" + text, number_of(text), 1};
    }
    if (number <= 0) {
        text = "0." + std::string(places - 1, '0') + "1";
        return {"<" + text, 0, number_of(text)};
    }
    return {text, number, number};
}

bool lies_between(double score) {
    return score > 0 && score < 1;
}

Shown shown_number(double score, int decimals) {
    const double kept = lies_between(score) ? std::clamp(score, least, 1 - least) : score;
    const std::string text = fmt::format("{:.{}f}", kept, decimals);
    const double number = number_of(text);
    return {text, number, number};
}

// Whether who reads the score sees it reach the limit, or lie below it.
bool compares(const Shown& score, double limit, bool reaches) {
    const bool open = score.least < score.most;
    if (open && (limit <= 0 || limit >= 1)) return true;  // nothing lies beyond
    if (reaches) return score.least >= limit;
    return open ? score.most <= limit : score.most < limit;
}

// With as many decimals as it has, and no more than it may have.
std::string limit_within(double limit, int decimals_at_most) {
    std::string text;
    for (int decimals = text_decimals; decimals <= decimals_at_most; ++decimals) {
        text = fmt::format("{:.{}f}", limit, decimals);
        if (number_of(text) == limit) break;
    }
    return text;
}

}  // namespace

std::string score_text(double score, const std::string& decimal_sign) {
    return with_sign(shown_text(score, text_decimals).text, decimal_sign);
}

std::string limit_text(double limit, const std::string& decimal_sign) {
    return with_sign(limit_within(limit, limit_decimals), decimal_sign);
}

Compared compared_text(double score, double limit, const std::string& decimal_sign) {
    for (int decimals = text_decimals;; ++decimals) {
        const std::string of_limit = limit_within(limit, std::max(decimals, limit_decimals));
        const Shown shown = shown_text(score, decimals);
        if (decimals == telling_decimals || compares(shown, number_of(of_limit), score >= limit))
            return {with_sign(shown.text, decimal_sign), with_sign(of_limit, decimal_sign)};
    }
}

Compared compared_number(double score, double limit) {
    for (int decimals = number_decimals; decimals <= most_decimals; ++decimals) {
        const std::string of_limit = limit_within(limit, std::max(decimals, limit_decimals));
        const Shown shown = shown_number(score, decimals);
        const bool certain = lies_between(score) && !lies_between(shown.least);
        if (!certain && compares(shown, number_of(of_limit), score >= limit)) return {shown.text, of_limit};
    }
    // Nearer to the limit than the last decimal, which then tells on which side.
    const double apart = score >= limit ? score + least : score - least;
    return {shown_number(apart, most_decimals).text, limit_within(limit, most_decimals)};
}

}  // namespace hilum
