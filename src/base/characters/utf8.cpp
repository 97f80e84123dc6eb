#include "base/characters/utf8.h"

#include <array>

namespace hilum {

std::size_t utf8_length(unsigned char byte) {
    if (byte < 0x80) return 1;
    if (byte >= 0xC2 && byte < 0xE0) return 2;
    if (byte >= 0xE0 && byte < 0xF0) return 3;
    return byte >= 0xF0 && byte < 0xF5 ? 4 : 0;
}

Utf8Character first_character(std::string_view text) {
    const Utf8Character broken{text.substr(0, 1), 0, false};
    const auto first = static_cast<unsigned char>(text.front());
    const auto length = utf8_length(first);
    if (length == 0 || text.size() < length) return broken;
    char32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0) != 0x80) return broken;
        code = (code << 6) | (next & 0x3FU);
    }
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};  // a longer form than needed is none
    if (code < least.at(length) || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return broken;
    return {text.substr(0, length), code, true};
}

}  // namespace hilum
