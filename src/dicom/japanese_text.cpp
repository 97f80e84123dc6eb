#include "dicom/japanese_text.h"

#include <iconv.h>

#include <string_view>
#include <utility>

namespace hilum {
namespace {

enum class CodeSet { single_byte, jis_x_0208, jis_x_0212 };

// Names the code set that the escape sequence at the front of `bytes` puts into use, and removes it. Sets of
// high bytes (katakana, Latin-1) do not change what the other bytes mean.
bool take_escape_sequence(std::string_view& bytes, CodeSet& in_use) {
    struct EscapeSequence {
        std::string_view bytes;
        std::optional<CodeSet> code_set;
    };
    static constexpr EscapeSequence known[] = {
        {"\033(B", CodeSet::single_byte}, {"\033(J", CodeSet::single_byte}, {"\033$B", CodeSet::jis_x_0208},
        {"\033$@", CodeSet::jis_x_0208},  {"\033$(D", CodeSet::jis_x_0212}, {"\033)I", std::nullopt},
        {"\033-A", std::nullopt},
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

std::optional<std::string> euc_to_utf8(std::string euc) {
    iconv_t const converter = ::iconv_open("UTF-8", "EUC-JP");
    if (converter == reinterpret_cast<iconv_t>(-1)) return {};
    std::string utf8(euc.size() * 4, '\0');  // no character has more bytes than this for one
    char* in = euc.data();
    char* out = utf8.data();
    std::size_t in_left = euc.size(), out_left = utf8.size();
    const std::size_t failed = ::iconv(converter, &in, &in_left, &out, &out_left);
    ::iconv_close(converter);
    if (failed == static_cast<std::size_t>(-1)) return {};
    utf8.resize(utf8.size() - out_left);
    return utf8;
}

class Converter {
  public:
    // `katakana`: high bytes are JIS X 0201's; else Latin-1's.
    Converter(std::string_view bytes, bool katakana) : bytes_(bytes), katakana_(katakana) {}

    std::optional<std::string> run() {
        while (!bytes_.empty()) {
            if (bytes_.front() == '\033') {
                if (!take_escape_sequence(bytes_, in_use_)) return {};
                continue;
            }
            if (is_control(bytes_.front()))
                in_use_ = CodeSet::single_byte;  // the end of a line ends it (PS3.5 6.1.2.5.3)
            if (!take_character()) return {};
        }
        if (!flush()) return {};
        return utf8_;
    }

  private:
    // EUC holds the Japanese sets side by side without escape sequences, but no Latin-1.
    bool take_character() {
        const auto first = static_cast<unsigned char>(bytes_.front());
        if (in_use_ != CodeSet::single_byte && first < 0x80) return take_pair(first);
        if (first >= 0x80 && !katakana_) {
            if (first < 0xA0 || !flush()) return false;
            utf8_ += static_cast<char>(0xC0 | first >> 6);
            utf8_ += static_cast<char>(0x80 | (first & 0x3F));
        } else {
            if (first > 0xDF || (first >= 0x80 && first < 0xA1)) return false;
            if (first >= 0x80) euc_ += '\x8E';
            euc_ += bytes_.front();
        }
        bytes_.remove_prefix(1);
        return true;
    }

    bool take_pair(unsigned char first) {
        if (bytes_.size() < 2) return false;
        if (in_use_ == CodeSet::jis_x_0212) euc_ += '\x8F';
        euc_ += static_cast<char>(first | 0x80);
        euc_ += static_cast<char>(bytes_[1] | 0x80);
        bytes_.remove_prefix(2);
        return true;
    }

    bool flush() {
        if (euc_.empty()) return true;
        const auto converted = euc_to_utf8(std::exchange(euc_, {}));
        if (converted) utf8_ += *converted;
        return converted.has_value();
    }

    std::string_view bytes_;
    const bool katakana_;
    CodeSet in_use_ = CodeSet::single_byte;
    std::string euc_, utf8_;
};

bool names(const std::string& specific_character_set, std::string_view name) {
    const auto found = specific_character_set.find(name);
    if (found == std::string::npos) return false;
    const auto next = found + name.size();
    const char after = next < specific_character_set.size() ? specific_character_set[next] : ' ';
    return after < '0' || after > '9';  // IR 138 is Hebrew
}

}  // namespace

bool is_japanese(const std::string& specific_character_set) {
    return names(specific_character_set, "IR 13") || names(specific_character_set, "IR 87") ||
           names(specific_character_set, "IR 159");
}

std::optional<std::string> japanese_to_utf8(const std::string& bytes,
                                            const std::string& specific_character_set) {
    return Converter(bytes, names(specific_character_set, "IR 13")).run();
}

}  // namespace hilum
