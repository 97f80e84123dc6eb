#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace hilum {
namespace {

constexpr std::size_t shortest_word = 3;  // of two letters, half may not differ
constexpr std::size_t longest_word = 64;  // the distance costs the product of both lengths

// Damerau and Levenshtein's, without moving a letter twice ("optimal string alignment").
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> two_before, before(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], two_before[j - 2] + 1);
        }
        two_before = std::exchange(before, row);
    }
    return before[b.size()];
}

}  // namespace

std::vector<std::string> split(std::string_view text, char delimiter) {
    std::vector<std::string> parts(1);
    for (const char c : text)
        if (c == delimiter)
            parts.emplace_back();
        else
            parts.back() += c;
    return parts;
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    if (word.size() < shortest_word || word.size() > longest_word) return {};
    std::string best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& one : known) {
        if (one.size() > longest_word) continue;
        const auto differs = distance(word, one);
        if (differs < least) {
            least = differs;
            best = one;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
    const auto meant = nearest(word, known);
    return meant.empty() ? std::string() : "; did you mean '" + meant + "'?";
}

}  // namespace hilum
