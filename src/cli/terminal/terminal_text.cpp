#include "cli/terminal/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hilum::cli {
namespace {

constexpr const char* ellipsis = "\u2026";

using Range = std::pair<char32_t, char32_t>;  // both ends inclusive

// What could steer a terminal or turn the text around it: Unicode's categories Cc, Zl and Zp, and the
// bidirectional controls (UAX #9).
constexpr std::array<Range, 9> steering{{{0x00, 0x1F},
                                         {0x7F, 0x9F},
                                         {0x061C, 0x061C},
                                         {0x200E, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2060, 0x206F},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFF9, 0xFFFB},
                                         {0xE0000, 0xE0FFF}}};
// Combining marks of the scripts that DICOM's character sets have, and what else takes no column.
constexpr std::array<Range, 16> narrowest{{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x0610, 0x061A},
                                           {0x064B, 0x065F},
                                           {0x06D6, 0x06DC},
                                           {0x0E31, 0x0E31},
                                           {0x0E34, 0x0E3A},
                                           {0x0E47, 0x0E4E},
                                           {0x1AB0, 0x1AFF},
                                           {0x1DC0, 0x1DFF},
                                           {0x200B, 0x200D},
                                           {0x20D0, 0x20FF},
                                           {0x302A, 0x302D},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};
// Wide and fullwidth characters (UAX #11).
constexpr std::array<Range, 14> wide{{{0x1100, 0x115F},
                                      {0x2E80, 0x3029},
                                      {0x302E, 0x303E},
                                      {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},
                                      {0x4E00, 0xA4CF},
                                      {0xA960, 0xA97F},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};

bool is_in(const auto& ranges, char32_t character) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
        return range.first <= character && character <= range.second;
    });
}

// How many bytes the character that begins with `byte` has; 0 where none can.
std::size_t length_of(unsigned char byte) {
    if (byte < 0x80) return 1;
    if (byte >= 0xC2 && byte < 0xE0) return 2;
    if (byte >= 0xE0 && byte < 0xF0) return 3;
    return byte >= 0xF0 && byte < 0xF5 ? 4 : 0;
}

struct Character {
    std::string_view bytes;
    char32_t code = 0;
    bool valid = false;  // else `bytes` is one byte that is no UTF-8
};

// The first character of `text`, which is not empty.
Character first_of(std::string_view text) {
    const Character broken{text.substr(0, 1), 0, false};
    const auto first = static_cast<unsigned char>(text.front());
    const auto length = length_of(first);
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

void for_each_character(std::string_view text, const auto& see) {
    while (!text.empty()) {
        const auto character = first_of(text);
        see(character);
        text.remove_prefix(character.bytes.size());
    }
}

std::size_t width_of(const Character& character) {
    if (!character.valid) return 1;
    if (is_in(narrowest, character.code)) return 0;
    return is_in(wide, character.code) ? 2 : 1;
}

std::string without_controls(std::string_view text, std::string_view passing) {
    std::string clean;
    clean.reserve(text.size());
    for_each_character(text, [&](const Character& character) {
        const bool harmless = character.valid && (!is_in(steering, character.code) ||
                                                  passing.find(character.bytes) != std::string_view::npos);
        clean += harmless ? character.bytes : "?";
    });
    return clean;
}

}  // namespace

std::string printable(std::string_view text) {
    return without_controls(text, "");
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for_each_character(text, [&](const Character& character) { width += width_of(character); });
    return width;
}

std::string shortened(const std::string& text, std::size_t columns) {
    if (width_of(text) <= columns) return text;
    std::string kept;
    std::size_t width = 0;
    bool full = false;
    for_each_character(text, [&](const Character& character) {
        width += width_of(character);
        full = full || width + 1 > columns;
        if (!full) kept += character.bytes;
    });
    return kept.substr(0, kept.find_last_not_of(' ') + 1) + ellipsis;
}

std::string end_of(const std::string& text, std::size_t columns) {
    std::string_view rest = text;
    auto width = width_of(rest);
    if (width <= columns) return text;
    while (width + 1 > columns && !rest.empty()) {
        const auto first = first_of(rest);
        width -= width_of(first);
        rest.remove_prefix(first.bytes.size());
    }
    return ellipsis + std::string(rest);
}

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
    std::vector<std::string> lines(1);
    std::size_t width = 0;  // of the last line
    const auto new_line = [&] {
        lines.emplace_back();
        width = 0;
    };
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        if (width > 0 && width + 1 + width_of(word) > columns) new_line();
        if (width > 0) {
            lines.back() += ' ';
            ++width;
        }
        for_each_character(word, [&](const Character& character) {
            if (width > 0 && width + width_of(character) > columns) new_line();
            lines.back() += character.bytes;
            width += width_of(character);
        });
    }
    return lines;
}

std::string json_without_controls(const std::string& json) {
    std::string clean;
    clean.reserve(json.size());
    for_each_character(json, [&](const Character& character) {
        const auto code = static_cast<std::uint32_t>(character.code);
        if (character.valid && (code < 0x7F || !is_in(steering, character.code)))
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

std::streamsize PrintableStream::Buffer::xsputn(const char* text, std::streamsize size) {
    pending_.append(text, static_cast<std::size_t>(size));
    pass_on();
    return to_ ? size : 0;
}

PrintableStream::Buffer::int_type PrintableStream::Buffer::overflow(int_type c) {
    if (c == traits_type::eof()) return traits_type::not_eof(c);
    pending_ += traits_type::to_char_type(c);
    pass_on();
    return to_ ? c : traits_type::eof();
}

int PrintableStream::Buffer::sync() {
    to_.flush();
    return to_ ? 0 : -1;
}

void PrintableStream::Buffer::pass_on() {
    std::size_t whole = pending_.size();  // a character whose bytes are not all there yet waits
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, pending_.size()); ++back) {
        const auto byte = static_cast<unsigned char>(pending_[pending_.size() - back]);
        if ((byte & 0xC0) == 0x80) continue;
        if (length_of(byte) > back) whole = pending_.size() - back;
        break;
    }
    to_ << without_controls(std::string_view(pending_).substr(0, whole), "\n\t");
    pending_.erase(0, whole);
}

void PrintableStream::Buffer::finish() {
    to_ << without_controls(pending_, "\n\t");
    pending_.clear();
}

}  // namespace hilum::cli
