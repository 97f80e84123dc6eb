#include "model/package/label_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "contract/label_code.h"

namespace hilum::model {
namespace {

struct CharacterRange {
    char32_t first, last;
};

// Of which DejaVu Sans has every character, regular and bold: Latin to its Extended-B, combining marks,
// Greek, Cyrillic; Latin Extended Additional; punctuation; superscripts and subscripts; currencies to the
// euro; arrows and mathematical operators.
constexpr CharacterRange drawn_ranges[] = {{0x20, 0x7E},     {0xA0, 0x24F},    {0x300, 0x34E},
                                           {0x384, 0x3FF},   {0x400, 0x4FF},   {0x1E00, 0x1EF9},
                                           {0x2010, 0x2027}, {0x2030, 0x205E}, {0x2070, 0x2071},
                                           {0x2074, 0x208E}, {0x20A0, 0x20AC}, {0x2190, 0x22FF}};

// The text's first character that is none of these, as it stands there; empty: none. The text is UTF-8.
std::string first_beyond(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        char32_t character = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t i = 1; i < length && at + i < text.size(); ++i)
            character = character << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
        const bool drawn = std::ranges::any_of(drawn_ranges, [&](const CharacterRange& range) {
            return character >= range.first && character <= range.last;
        });
        if (!drawn) return std::string(text.substr(at, length));
        at += length;
    }
    return {};
}

}  // namespace

void check_code(YamlMapping& at, const Label& label, KnownCodes& known) {
    const bool has_code = !label.code.value.empty() && !label.code.scheme.empty();
    const std::string scheme = has_code ? label.code.scheme : own_coding_scheme;
    const std::string value = has_code ? label.code.value : code_value_of(label.name);
    const std::string key = has_code ? "code" : "name";
    if (has_code && scheme == own_coding_scheme && is_own_term(value))
        at.problem(key, fmt::format("({}, {}) is a code of Hilum's own, with another meaning: choose another "
                                    "value",
                                    value, scheme));
    const auto [before, is_new] = known.try_emplace({scheme, value}, label.name);
    if (!is_new)
        at.problem(key,
                   fmt::format("has the code ({}, {}) in results, as the label '{}' has: give each a code "
                               "of its own",
                               value, scheme, before->second));
}

std::vector<std::string> letters_beyond_the_font(const ModelPackage& package) {
    std::vector<std::string> sentences;
    const auto look_at = [&](const std::string& key, const std::string& text) {
        if (const auto letter = first_beyond(text); !letter.empty())
            sentences.push_back(fmt::format(
                "{}: '{}' is beyond Latin, Greek and Cyrillic: pictures show a box for it unless the "
                "machine that draws them has a font for it",
                key, letter));
    };
    look_at("name", package.name);
    look_at("version", package.version);
    look_at("notice", package.notice);
    for (std::size_t i = 0; i < package.labels.size(); ++i)
        look_at(fmt::format("output.labels[{}].name", i), package.labels[i].name);
    look_at("calibration.set", package.calibration.set);
    return sentences;
}

}  // namespace hilum::model
