#include "model/text_pattern.h"

#include <algorithm>
#include <cctype>

namespace hilum::model {

std::string normal(const std::string& word) {
    const auto begin = word.find_first_not_of(' ');
    if (begin == std::string::npos) return {};
    std::string text = word.substr(begin, word.find_last_not_of(' ') - begin + 1);
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

bool fits(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p, ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace hilum::model
