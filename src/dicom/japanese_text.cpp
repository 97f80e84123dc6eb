#include "dicom/japanese_text.h"

#include <iconv.h>

#include <string_view>

namespace hilum {
namespace {

enum class CodeSet { single_byte, jis_x_0208, jis_x_0212 };

// Names the code set that the escape sequence at the front of `bytes` puts into use, and removes it. Katakana
// (IR 13's G1 set) is always in use and does not change what the other bytes mean.
bool take_escape_sequence(std::string_view& bytes, CodeSet& in_use) {
    struct EscapeSequence {
        std::string_view bytes;
        std::optional<CodeSet> code_set;
    };
    static constexpr EscapeSequence known[] = {
        {"\033(B", CodeSet::single_byte}, {"\033(J", CodeSet::single_byte}, {"\033$B", CodeSet::jis_x_0208},
        {"\033$@", CodeSet::jis_x_0208},  {"\033$(D", CodeSet::jis_x_0212}, {"\033)I", std::nullopt},
    };
    for (const auto& sequence : known) {
        if (!bytes.starts_with(sequence.bytes)) continue;
        in_use = sequence.code_set.value_or(in_use);
        bytes.remove_prefix(sequence.bytes.size());
        return true;
    }
    return false;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20;
}

// One character moved from `bytes` to `euc`, which holds the same sets side by side without escape sequences.
bool take_character(std::string_view& bytes, CodeSet in_use, std::string& euc) {
    const auto first = static_cast<unsigned char>(bytes.front());
    if (in_use != CodeSet::single_byte && first < 0x80) {
        if (bytes.size() < 2) return false;
        if (in_use == CodeSet::jis_x_0212) euc += '\x8F';
        euc += static_cast<char>(first | 0x80);
        euc += static_cast<char>(bytes[1] | 0x80);
        bytes.remove_prefix(2);
        return true;
    }
    if (first >= 0x80) {
        if (first < 0xA1 || first > 0xDF) return false;
        euc += '\x8E';
    }
    euc += bytes.front();
    bytes.remove_prefix(1);
    return true;
}

std::optional<std::string> to_euc_jp(std::string_view bytes) {
    std::string euc;
    CodeSet in_use = CodeSet::single_byte;
    while (!bytes.empty()) {
        if (bytes.front() == '\033') {
            if (!take_escape_sequence(bytes, in_use)) return {};
            continue;
        }
        if (is_control(bytes.front()))
            in_use = CodeSet::single_byte;  // the end of a line ends it (PS3.5 6.1.2.5.3)
        if (!take_character(bytes, in_use, euc)) return {};
    }
    return euc;
}

}  // namespace

bool is_japanese(const std::string& specific_character_set) {
    for (const char* const name : {"IR 13", "IR 87", "IR 159"}) {
        const auto found = specific_character_set.find(name);
        if (found == std::string::npos) continue;
        const auto next = found + std::string_view(name).size();
        const char after = next < specific_character_set.size() ? specific_character_set[next] : ' ';
        if (after < '0' || after > '9') return true;  // IR 138 is Hebrew
    }
    return false;
}

std::optional<std::string> japanese_to_utf8(const std::string& bytes) {
    auto euc = to_euc_jp(bytes);
    if (!euc) return {};
    iconv_t const converter = ::iconv_open("UTF-8", "EUC-JP");
    if (converter == reinterpret_cast<iconv_t>(-1)) return {};
    std::string utf8(euc->size() * 4, '\0');  // no character has more bytes than this for one
    char* in = euc->data();
    char* out = utf8.data();
    std::size_t in_left = euc->size(), out_left = utf8.size();
    const std::size_t failed = ::iconv(converter, &in, &in_left, &out, &out_left);
    ::iconv_close(converter);
    if (failed == static_cast<std::size_t>(-1)) return {};
    utf8.resize(utf8.size() - out_left);
    return utf8;
}

}  // namespace hilum
