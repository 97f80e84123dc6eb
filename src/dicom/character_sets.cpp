#include "dicom/character_sets.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcspchrs.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/characters/utf8.h"
#include "base/text.h"
#include "dicom/japanese_text.h"

namespace hilum {
namespace {

constexpr const char *utf8 = "ISO_IR 192", *latin9 = "ISO_IR 203";
constexpr const char* default_with_extensions = "ISO 2022 IR 6";

// Registration numbers (ISO-IR) of sets without and with code extensions, and of those that have code
// extensions alone.
constexpr std::array single_byte{"13",  "100", "101", "109", "110", "126",
                                 "127", "138", "144", "148", "166", "203"};
constexpr std::array extensions_alone{"58", "87", "149", "159"};

// By their names without blanks and punctuation.
const std::map<std::string, std::string, std::less<>> other_names{
    {"UTF8", "192"},     {"UNICODE", "192"},   {"UNICODEUTF8", "192"}, {"UNICODE11UTF8", "192"},
    {"ISO10646", "192"}, {"ASCII", "6"},       {"USASCII", "6"},       {"ISO646", "6"},
    {"LATIN1", "100"},   {"ISOLATIN1", "100"}, {"LATIN2", "101"},      {"ISOLATIN2", "101"},
    {"ISO88591", "100"}, {"ISO88592", "101"},  {"ISO88593", "109"},    {"ISO88594", "110"},
    {"ISO88595", "144"}, {"ISO88596", "127"},  {"ISO88597", "126"},    {"ISO88598", "138"},
    {"ISO88599", "148"}, {"ISO885911", "166"}, {"ISO885915", "203"},   {"TIS620", "166"},
    {"JISX0201", "13"},  {"JISX0208", "87"},   {"JISX0212", "159"},    {"KSX1001", "149"},
    {"KSC5601", "149"},
};

std::string without_punctuation(std::string_view text) {
    std::string plain;
    for (const unsigned char c : text)
        if (std::isalnum(c) != 0) plain += static_cast<char>(std::toupper(c));
    return plain;
}

template <std::size_t n>
bool contains(const std::array<const char*, n>& numbers, std::string_view number) {
    return std::ranges::find(numbers, number) != numbers.end();
}

// One value: its ISO-IR number, and whether it was written as a code extension.
struct Named {
    std::string number;  // "GB18030" and "GBK", which have none; empty: not known
    bool extension = false;
};

Named named(std::string_view value) {
    const std::string name = without_punctuation(value);
    if (name == "GB18030" || name == "GBK") return {name, false};
    if (name == "GB2312") return {"GB18030", false};  // holds all of it
    if (const auto other = other_names.find(name); other != other_names.end())
        return {other->second, contains(extensions_alone, other->second)};
    for (const std::string_view prefix : {"ISO2022IR", "2022IR", "ISOIR", "IR"}) {
        if (!name.starts_with(prefix)) continue;
        const std::string number = name.substr(prefix.size());
        const bool extends = prefix.find("2022") != std::string_view::npos;
        if (contains(extensions_alone, number)) return {number, true};
        if (number == "6" || number == "192" || contains(single_byte, number)) return {number, extends};
    }
    return {};
}

bool holds_for_the_whole(const Named& one) {
    return one.number == "192" || one.number.starts_with("GB");
}

std::string term_of(const Named& one, bool with_extensions) {
    if (one.number == "192") return utf8;
    if (one.number.starts_with("GB")) return one.number;
    if (one.number == "6") return with_extensions ? default_with_extensions : "";
    return (with_extensions ? "ISO 2022 IR " : "ISO_IR ") + one.number;
}

bool is_utf8(std::string_view text) {
    bool valid = true;
    for_each_character(text, [&](const Utf8Character& character) { valid = valid && character.valid; });
    return valid;
}

// Of all sets with high bytes but GB18030 and GBK.
bool is_high_control(char c) {
    return static_cast<unsigned char>(c) >= 0x80 && static_cast<unsigned char>(c) < 0xA0;
}

// What a set of letters is written for, beyond ASCII.
struct Letters {
    std::string_view number;
    char32_t first, last;
};

// In Latin-1, 9 and 5 the bytes of UTF-8 are a capital with signs behind it, which no text has. In the others
// they may be a word: STR\xD3\xAFYK is a name in Latin-2, and something else in UTF-8.
constexpr std::array<Letters, 11> letters_of_sets{{{"100", 0x80, 0x10FFFF},
                                                   {"203", 0x80, 0x10FFFF},
                                                   {"148", 0x80, 0x10FFFF},
                                                   {"101", 0xA0, 0x17F},
                                                   {"109", 0xA0, 0x17F},
                                                   {"110", 0xA0, 0x17F},
                                                   {"126", 0x370, 0x3FF},
                                                   {"127", 0x600, 0x6FF},
                                                   {"138", 0x590, 0x5FF},
                                                   {"144", 0x400, 0x45F},
                                                   {"166", 0xE01, 0xE3A}}};

// What the bytes mean before any escape sequence: nothing but ASCII where code extensions say no more.
Letters letters_of(const std::string& terms) {
    const std::string_view first = std::string_view(terms).substr(0, terms.find('\\'));
    const auto known = std::ranges::find_if(
        letters_of_sets, [&](const Letters& set) { return first.ends_with(" " + std::string(set.number)); });
    if (known != letters_of_sets.end()) return *known;
    if (first.empty() || first == default_with_extensions) return {"6", 0x80, 0x10FFFF};
    return {"", 1, 0};  // half-width katakana: two bytes of UTF-8 are two of them
}

template <typename Predicate>
bool all_beyond_ascii(const std::string& utf8, Predicate is_meant) {
    bool all = true;
    for_each_character(utf8, [&](const Utf8Character& character) {
        all = all && (character.code < 0x80 || is_meant(character.code));
    });
    return all;
}

// Whether text that declares `terms` is UTF-8 all the same, as of systems that write it whatever they say.
bool is_undeclared_utf8(const std::string& bytes, const std::string& terms) {
    if (bytes.find('\033') != std::string::npos || !is_utf8(bytes)) return false;
    // In GB18030 valid UTF-8 may be names, too: not where it is of Chinese alone and has bytes that GB2312
    // has not.
    if (terms.starts_with("GB"))
        return std::ranges::any_of(bytes, is_high_control) &&
               all_beyond_ascii(bytes, [](char32_t code) { return code >= 0x3000 && code <= 0xFFFF; });
    if (std::ranges::any_of(bytes, is_high_control)) return true;
    const Letters letters = letters_of(terms);
    return all_beyond_ascii(bytes,
                            [&](char32_t code) { return code >= letters.first && code <= letters.last; });
}

// Windows-1252 where it differs from Latin-1: 80 to 9F. It defines five of them not.
constexpr std::array<char16_t, 32> windows_1252{
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

char16_t code_in_windows_1252(unsigned char byte) {
    return byte >= 0x80 && byte < 0xA0 ? windows_1252.at(byte - 0x80U) : byte;
}

// ISO_IR 203, which DCMTK 3.6.7 does not know: Latin-1 but for eight characters.
char16_t code_in_latin9(unsigned char byte) {
    switch (byte) {
        case 0xA4:
            return 0x20AC;
        case 0xA6:
            return 0x0160;
        case 0xA8:
            return 0x0161;
        case 0xB4:
            return 0x017D;
        case 0xB8:
            return 0x017E;
        case 0xBC:
            return 0x0152;
        case 0xBD:
            return 0x0153;
        case 0xBE:
            return 0x0178;
        default:
            return byte;
    }
}

std::string single_bytes_to_utf8(const std::string& bytes, char16_t (*code_of)(unsigned char)) {
    std::string text;
    for (const char c : bytes) {
        const char16_t code = code_of(static_cast<unsigned char>(c));
        if (code < 0x80) {
            text += c;
        } else if (code < 0x800) {
            text += static_cast<char>(0xC0 | code >> 6);
            text += static_cast<char>(0x80 | (code & 0x3F));
        } else {
            text += static_cast<char>(0xE0 | code >> 12);
            text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            text += static_cast<char>(0x80 | (code & 0x3F));
        }
    }
    return text;
}

// Nothing where the bytes are not valid in the set.
std::optional<std::string> decoded(const std::string& bytes, const std::string& specific_character_set,
                                   bool person_name) {
    if (is_the_same_in_all_sets(bytes)) return bytes;
    const std::string terms = defined_terms(specific_character_set);
    if (terms.empty()) return {};
    if (terms == utf8) return is_utf8(bytes) ? std::optional(bytes) : std::nullopt;
    if (!terms.starts_with("GB") && std::ranges::any_of(bytes, is_high_control)) return {};
    if (is_undeclared_utf8(bytes, terms)) return {};
    if (terms == latin9) return single_bytes_to_utf8(bytes, code_in_latin9);
    if (is_japanese(terms)) return japanese_to_utf8(bytes, terms);
    DcmSpecificCharacterSet converter;
    OFString converted;
    const char* const delimiters = person_name ? "\\^=" : "\\";
    if (converter.selectCharacterSet(terms.c_str()).bad() ||
        converter.convertString(bytes.data(), bytes.size(), converted, delimiters).bad())
        return {};
    return std::string(converted.c_str(), converted.length());
}

// Of a set of letters: what it has as that, and the controls between as Windows reads them.
std::optional<std::string> decoded_around_controls(const std::string& bytes,
                                                   const std::string& specific_character_set,
                                                   bool person_name) {
    if (bytes.find('\033') != std::string::npos ||
        letters_of(defined_terms(specific_character_set)).number.empty())
        return {};
    std::string text;
    for (auto at = bytes.begin(); at != bytes.end();) {
        const bool controls = is_high_control(*at);
        const auto end =
            std::find_if(at, bytes.end(), [&](char c) { return is_high_control(c) != controls; });
        const std::string some(at, end);
        const auto part = controls ? single_bytes_to_utf8(some, code_in_windows_1252)
                                   : decoded(some, specific_character_set, person_name);
        if (!part) return {};
        text += *part;
        at = end;
    }
    return text;
}

}  // namespace

std::string defined_terms(const std::string& specific_character_set) {
    const auto values = split(specific_character_set, '\\');
    std::vector<Named> sets;
    for (const std::string& value : values) {
        if (without_punctuation(value).empty())
            sets.push_back({"6", false});  // an empty first value stands for the default repertoire
        else if (const Named one = named(value); !one.number.empty())
            sets.push_back(one);
        else
            return specific_character_set;
    }
    if (const auto whole = std::ranges::find_if(sets, holds_for_the_whole); whole != sets.end())
        return term_of(*whole, false);
    const bool extended = sets.size() > 1 || std::ranges::any_of(sets, &Named::extension);
    std::string terms;
    for (std::size_t i = 0; i < sets.size(); ++i) {
        const bool nothing = without_punctuation(values[i]).empty();
        terms += (i == 0 ? "" : "\\") + (nothing ? std::string() : term_of(sets[i], extended));
    }
    return terms;
}

bool is_known_character_set(const std::string& specific_character_set) {
    return std::ranges::all_of(split(specific_character_set, '\\'), [](const std::string& value) {
        return without_punctuation(value).empty() || !named(value).number.empty();
    });
}

bool has_code_extensions(const std::string& defined_terms) {
    return defined_terms.find("ISO 2022") != std::string::npos ||
           defined_terms.find('\\') != std::string::npos;
}

std::string to_utf8(const std::string& bytes, const std::string& specific_character_set, bool person_name) {
    if (auto text = decoded(bytes, specific_character_set, person_name)) return *text;
    if (is_utf8(bytes)) return bytes;
    if (auto text = decoded_around_controls(bytes, specific_character_set, person_name)) return *text;
    return single_bytes_to_utf8(bytes, code_in_windows_1252);
}

bool is_the_same_in_all_sets(const std::string& text) {
    return std::ranges::all_of(text,
                               [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\033'; });
}

bool is_text_in(const std::string& bytes, const std::string& specific_character_set, bool person_name) {
    return decoded(bytes, specific_character_set, person_name).has_value();
}

}  // namespace hilum
