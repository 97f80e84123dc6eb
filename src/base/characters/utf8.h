// The characters of text that claims to be UTF-8 (RFC 3629) and may be anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace hilum {

struct Utf8Character {
    std::string_view bytes;
    char32_t code = 0;
    bool valid = false;  // else `bytes` is one byte that is no UTF-8: overlong forms and surrogates are none
};

// The first character of `text`, which is not empty.
Utf8Character first_character(std::string_view text);

// How many bytes the character that begins with `byte` has; 0 where none can.
std::size_t utf8_length(unsigned char byte);

void for_each_character(std::string_view text, const auto& see) {
    while (!text.empty()) {
        const auto character = first_character(text);
        see(character);
        text.remove_prefix(character.bytes.size());
    }
}

using CharacterRange = std::pair<char32_t, char32_t>;  // both ends inclusive

bool is_in(const auto& ranges, char32_t character) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const CharacterRange& range) {
        return range.first <= character && character <= range.second;
    });
}

}  // namespace hilum
