#include "cli/terminal/terminal_text.h"

#include <algorithm>
#include <array>

#include "base/characters/utf8.h"

namespace hilum::cli {
namespace {

constexpr const char* ellipsis = "\u2026";

using Range = CharacterRange;

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

std::size_t width_of(const Utf8Character& character) {
    if (!character.valid) return 1;
    if (is_in(narrowest, character.code)) return 0;
    return is_in(wide, character.code) ? 2 : 1;
}

}  // namespace

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for_each_character(text, [&](const Utf8Character& character) { width += width_of(character); });
    return width;
}

std::string shortened(const std::string& text, std::size_t columns) {
    if (width_of(text) <= columns) return text;
    std::string kept;
    std::size_t width = 0;
    bool full = false;
    for_each_character(text, [&](const Utf8Character& character) {
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
        const auto first = first_character(rest);
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
        for_each_character(word, [&](const Utf8Character& character) {
            if (width > 0 && width + width_of(character) > columns) new_line();
            lines.back() += character.bytes;
            width += width_of(character);
        });
    }
    return lines;
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
        if (utf8_length(byte) > back) whole = pending_.size() - back;
        break;
    }
    to_ << printable(std::string_view(pending_).substr(0, whole), "\n\t");
    pending_.erase(0, whole);
}

void PrintableStream::Buffer::finish() {
    to_ << printable(pending_, "\n\t");
    pending_.clear();
}

}  // namespace hilum::cli
