#include "results/hl7/message_text.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace hilum::results::hl7 {
namespace {

constexpr std::array<std::pair<char, char>, 5> escape_letters{
    {{'|', 'F'}, {'^', 'S'}, {'&', 'T'}, {'~', 'R'}, {'\\', 'E'}}};

}  // namespace

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        char letter = 0;
        for (const auto& [delimiter, its] : escape_letters)
            if (c == delimiter) letter = its;
        if (letter != 0)
            safe += {'\\', letter, '\\'};
        else
            safe += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
    return safe;
}

std::string unescaped(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char delimiter = 0;
        if (text[i] == '\\' && i + 2 < text.size() && text[i + 2] == '\\')
            for (const auto& [its, letter] : escape_letters)
                if (text[i + 1] == letter) delimiter = its;
        plain += delimiter != 0 ? delimiter : text[i];
        if (delimiter != 0) i += 2;
    }
    return plain;
}

std::string delimited(const std::vector<std::string>& parts, char delimiter) {
    auto text = fmt::format("{}", fmt::join(parts, std::string(1, delimiter)));
    text.erase(text.find_last_not_of(delimiter) + 1);
    return text;
}

std::string code_text(const Code& code) {
    return delimited({escaped(code.value), escaped(code.meaning), escaped(code.scheme)}, '^');
}

std::optional<std::string> as_latin1(const std::string& utf8) {
    std::string text;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            text += utf8[i];
        } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < utf8.size()) {
            text += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
        } else {
            return std::nullopt;
        }
    }
    return text;
}

std::string from_latin1(const std::string& latin1) {
    std::string text;
    for (const char c : latin1) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0 | byte >> 6);
            text += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return text;
}

}  // namespace hilum::results::hl7
