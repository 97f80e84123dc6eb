#include "syslog/xml_element.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/characters/printable.h"
#include "base/characters/utf8.h"

namespace hilum::syslog {
namespace {

// Unicode's last two of each plane are no characters; XML 1.0 refuses those of the first.
bool is_no_character(char32_t code) {
    return (code & 0xFFFE) == 0xFFFE;
}

std::string_view escaped(const Utf8Character& character) {
    if (is_no_character(character.code)) return "?";
    switch (character.code) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&apos;";
        default:
            return character.bytes;
    }
}

// RFC 4648 4.
std::string base64_of(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) {
            return at < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) : 0;
        };
        const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        for (std::size_t digit = 0; digit < 4; ++digit)
            text += i + digit > bytes.size() ? '=' : digits[group >> (18 - 6 * digit) & 0x3F];
    }
    return text;
}

}  // namespace

std::string xml_attribute(std::string_view text, std::size_t longest) {
    std::string value;
    std::size_t taken = 0;
    // Cut before it is looked at, with room for the last character: it may be of any length.
    for_each_character(printable(text.substr(0, longest + 4)), [&](const Utf8Character& character) {
        taken += character.bytes.size();
        if (taken <= longest) value += escaped(character);
    });
    return value;
}

XmlElement::XmlElement(std::string_view name) : name_(name), begin_(fmt::format("<{}", name)) {}

XmlElement& XmlElement::attribute(std::string_view name, std::string_view value) {
    begin_ += fmt::format(" {}=\"{}\"", name, xml_attribute(value));
    return *this;
}

XmlElement& XmlElement::attribute_if(std::string_view name, std::string_view value) {
    return value.empty() ? *this : attribute(name, value);
}

XmlElement& XmlElement::base64(std::string_view name, std::string_view bytes) {
    begin_ += fmt::format(" {}=\"{}\"", name, base64_of(bytes));
    return *this;
}

XmlElement& XmlElement::add(const XmlElement& child) {
    content_ += child.str();
    return *this;
}

XmlElement& XmlElement::content(std::string_view text) {
    content_ += xml_attribute(text);
    return *this;
}

std::string XmlElement::str() const {
    if (content_.empty()) return begin_ + "/>";
    return fmt::format("{}>{}</{}>", begin_, content_, name_);
}

}  // namespace hilum::syslog
