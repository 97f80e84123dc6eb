#include "dicom/character_sets.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hilum {
namespace {

struct Written {
    const char* value;
    const char* terms;
};

void PrintTo(const Written& one, std::ostream* out) {
    *out << '"' << one.value << '"';
}

class DefinedTerms : public testing::TestWithParam<Written> {};

TEST_P(DefinedTerms, AreThoseThatTheValueMeans) {
    EXPECT_EQ(defined_terms(GetParam().value), GetParam().terms);
    EXPECT_EQ(defined_terms(GetParam().terms), GetParam().terms);
    EXPECT_TRUE(is_known_character_set(GetParam().value));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DefinedTerms,
    testing::Values(Written{"", ""}, Written{"ISO_IR 100", "ISO_IR 100"}, Written{"ISO IR 192", "ISO_IR 192"},
                    Written{"ISO_IR192", "ISO_IR 192"}, Written{"ISO-IR 192", "ISO_IR 192"},
                    Written{" iso_ir 192 ", "ISO_IR 192"}, Written{"UTF-8", "ISO_IR 192"},
                    Written{"UTF8", "ISO_IR 192"}, Written{"UNICODE UTF-8", "ISO_IR 192"},
                    Written{"ISO 2022 IR 192", "ISO_IR 192"}, Written{"ISO IR 100", "ISO_IR 100"},
                    Written{"IR 100", "ISO_IR 100"}, Written{"ISO8859-1", "ISO_IR 100"},
                    Written{"ISO-8859-1", "ISO_IR 100"}, Written{"ISO 8859-5", "ISO_IR 144"},
                    Written{"ISO8859-15", "ISO_IR 203"}, Written{"ISO_IR_13", "ISO_IR 13"},
                    Written{"ISO_IR 6", ""}, Written{"ASCII", ""}, Written{"ISO_IR 87", "ISO 2022 IR 87"},
                    Written{"ISO2022IR100", "ISO 2022 IR 100"},
                    Written{"\\ISO 2022 IR 87", "\\ISO 2022 IR 87"},
                    Written{"\\ISO_IR 87", "\\ISO 2022 IR 87"},
                    Written{"ISO 2022 IR 6\\ISO 2022 IR 100", "ISO 2022 IR 6\\ISO 2022 IR 100"},
                    Written{"ISO_IR 100\\ISO_IR 144", "ISO 2022 IR 100\\ISO 2022 IR 144"},
                    Written{"ISO_IR 13\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87"},
                    Written{"ISO 2022 IR 6\\ISO_IR 192", "ISO_IR 192"}, Written{"GB18030", "GB18030"},
                    Written{"gbk", "GBK"}, Written{"GB2312", "GB18030"}));

TEST(DefinedTerms, StayAsTheyAreWhereNobodyCanTell) {
    for (const char* const value :
         {"ISO_IR 999", "WINDOWS-1251", "KOI8-R", "ISO_IR 100\\KLINGON", "ISO_IR 1921"}) {
        EXPECT_EQ(defined_terms(value), value);
        EXPECT_FALSE(is_known_character_set(value)) << value;
    }
}

TEST(CharacterSet, ReadsWhatIsMisspeltAsWhatItMeans) {
    EXPECT_EQ(to_utf8("Müller", "ISO IR 192"), "Müller");
    EXPECT_EQ(to_utf8("M\xFCller", "ISO8859-1"), "Müller");
    EXPECT_EQ(to_utf8("\xBB\xEE\xDA", "ISO IR 144"), "Люк");
    EXPECT_EQ(to_utf8("\033$B;3ED\033(B", "ISO_IR 87"), "山田");
}

TEST(CharacterSet, LosesNoByteOfWhatIsUndeclared) {
    EXPECT_EQ(to_utf8("\xC8\xE2\xE0\xED\xEE\xE2", ""), "Èâàíîâ");  // Cyrillic of Windows-1251
    EXPECT_EQ(to_utf8("\x80\x93M\xFCller\x94", ""), "€“Müller”");  // Windows-1252
    std::string all;
    for (int byte = 0x80; byte < 0x100; ++byte) all += static_cast<char>(byte);
    const std::string text = to_utf8(all, "");
    EXPECT_TRUE(is_text_in(text, "ISO_IR 192"));
    EXPECT_EQ(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }), 128);
}

TEST(CharacterSet, KnowsWhatIsNoTextInIt) {
    EXPECT_TRUE(is_text_in("plain", ""));
    EXPECT_TRUE(is_text_in("M\xFCller", "ISO_IR 100"));
    EXPECT_TRUE(is_text_in("\xA4", "ISO_IR 203"));
    EXPECT_TRUE(is_text_in("Müller", "UTF-8"));
    EXPECT_FALSE(is_text_in("M\xFCller", "ISO_IR 192"));
    EXPECT_FALSE(is_text_in("M\xFCller", ""));
    EXPECT_FALSE(is_text_in("\x93quoted\x94", "ISO_IR 100")) << "controls of Latin-1";
    EXPECT_FALSE(is_text_in("M\xFCller", "KLINGON"));
}

}  // namespace
}  // namespace hilum
