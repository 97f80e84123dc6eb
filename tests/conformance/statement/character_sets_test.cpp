// The character sets of PS3.3 C.12.1.1.2 that Hilum reads, each by a text in it.
#include <gtest/gtest.h>

#include "conformance/statement/statement_document.h"
#include "dicom/dataset_reading.h"

namespace hilum::test {
namespace {

struct Sample {
    const char* defined_terms;  // a value of Specific Character Set (0008,0005)
    const char* name;
    const char* bytes;
    const char* utf8;
};

constexpr Sample samples[] = {
    {"ISO_IR 100", "Latin alphabet No. 1", "\xE9", "é"},
    {"ISO_IR 101", "Latin alphabet No. 2", "\xB1", "ą"},
    {"ISO_IR 109", "Latin alphabet No. 3", "\xA9", "İ"},
    {"ISO_IR 110", "Latin alphabet No. 4", "\xA1", "Ą"},
    {"ISO_IR 148", "Latin alphabet No. 5", "\xFD", "ı"},
    {"ISO_IR 203", "Latin alphabet No. 9", "\xA4", "€"},
    {"ISO_IR 144", "Cyrillic", "\xBB", "Л"},
    {"ISO_IR 127", "Arabic", "\xC7", "ا"},
    {"ISO_IR 126", "Greek", "\xD9", "Ω"},
    {"ISO_IR 138", "Hebrew", "\xE0", "א"},
    {"ISO_IR 166", "Thai", "\xA1", "ก"},
    {"ISO_IR 13", "Japanese, JIS X 0201", "\xB1", "ｱ"},
    {"ISO_IR 192", "Unicode in UTF-8", "山", "山"},
    {"GB18030", "GB18030", "\xCD\xF5", "王"},
    {"GBK", "GBK", "\xCD\xF5", "王"},
    {"\\ISO 2022 IR 100", "Latin alphabet No. 1, with code extensions", "\033-A\xE9", "é"},
    {"\\ISO 2022 IR 87", "Japanese, JIS X 0208", "\033$B;3\033(B", "山"},
    {"\\ISO 2022 IR 159", "Japanese, JIS X 0212", "\033$(D0!\033(B", "丂"},
    {"\\ISO 2022 IR 149", "Korean, KS X 1001", "\033$)C\xB1\xE8", "김"},
    {"\\ISO 2022 IR 58", "Simplified Chinese, GB 2312", "\033$)A\xCD\xF5", "王"},
};

TEST(ConformanceStatement, ListsTheCharacterSetsThatAreRead) {
    std::vector<Row> rows;
    for (const auto& [defined_terms, name, bytes, utf8] : samples) {
        EXPECT_EQ(to_utf8(bytes, defined_terms), utf8) << defined_terms;
        rows.push_back({name, defined_terms});
    }
    expect_documented("character-sets", table({"Character set", "Specific Character Set (0008,0005)"}, rows));
}

}  // namespace
}  // namespace hilum::test
