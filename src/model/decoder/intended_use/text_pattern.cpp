#include "model/decoder/intended_use/text_pattern.h"

#include "base/text.h"

namespace hilum::model {

std::string normal(const std::string& word) {
    const auto begin = word.find_first_not_of(' ');
    if (begin == std::string::npos) return {};
    return upper(word.substr(begin, word.find_last_not_of(' ') - begin + 1));
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
