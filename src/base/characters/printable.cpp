#include "base/characters/printable.h"

#include <fmt/format.h>

#include <array>

#include "base/characters/utf8.h"

namespace hilum {
namespace {

// Unicode's categories Cc, Cf, Zl and Zp, and letters without a shape: what steers a terminal, turns the text
// around it (the bidirectional controls of UAX #9), or makes two names that differ look the same.
constexpr std::array<CharacterRange, 23> unprintable{
    {{0x00, 0x1F},       {0x7F, 0x9F},       {0x00AD, 0x00AD},  {0x034F, 0x034F}, {0x0600, 0x0605},
     {0x061C, 0x061C},   {0x06DD, 0x06DD},   {0x070F, 0x070F},  {0x08E2, 0x08E2}, {0x115F, 0x1160},
     {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},  {0x2028, 0x202E}, {0x2060, 0x206F},
     {0x3164, 0x3164},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},  {0xFFF0, 0xFFFB}, {0x13430, 0x1343F},
     {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}}};

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::string printable(std::string_view text, std::string_view passing) {
    if (is_plain(text)) return std::string(text);
    std::string clean;
    clean.reserve(text.size());
    for_each_character(text, [&](const Utf8Character& character) {
        const bool harmless = character.valid && (!is_in(unprintable, character.code) ||
                                                  passing.find(character.bytes) != std::string_view::npos);
        clean += harmless ? character.bytes : "?";
    });
    return clean;
}

std::string json_without_controls(const std::string& json) {
    std::string clean;
    clean.reserve(json.size());
    for_each_character(json, [&](const Utf8Character& character) {
        const auto code = static_cast<std::uint32_t>(character.code);
        if (character.valid && (code < 0x7F || !is_in(unprintable, character.code)))
            clean += character.bytes;  // JSON has no control character below but its own newlines
        else if (!character.valid)
            clean += '?';
        else if (code < 0x10000)
            clean += fmt::format("\\u{:04x}", code);
        else
            clean += fmt::format("\\u{:04x}\\u{:04x}", 0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF));
    });
    return clean;
}

}  // namespace hilum
