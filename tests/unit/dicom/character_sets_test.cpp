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
    for (const char* const set : {"ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 126", "ISO_IR 127",
                                  "ISO_IR 138", "ISO_IR 144", "ISO_IR 148", "ISO_IR 166", "ISO_IR 203"})
        EXPECT_FALSE(is_text_in("\x93quoted\x94", set)) << set;
}

struct Name {
    const char *bytes, *set, *text;
};

void PrintTo(const Name& one, std::ostream* out) {
    *out << one.text << " under " << one.set;
}

// Systems that write UTF-8 whatever they declare.
class UndeclaredUtf8 : public testing::TestWithParam<Name> {};

TEST_P(UndeclaredUtf8, IsReadAsThat) {
    const auto& [bytes, set, text] = GetParam();
    EXPECT_EQ(to_utf8(bytes, set, true), text);
    EXPECT_FALSE(is_text_in(bytes, set, true));
}

INSTANTIATE_TEST_SUITE_P(
    Table, UndeclaredUtf8,
    testing::Values(Name{"Müller^Jörg", "ISO_IR 100", "Müller^Jörg"}, Name{"Élodie", "ISO_IR 100", "Élodie"},
                    Name{"Роман", "ISO_IR 100", "Роман"}, Name{"Müller", "ISO_IR 203", "Müller"},
                    Name{"Güneş", "ISO_IR 148", "Güneş"}, Name{"Müller", "ISO_IR 101", "Müller"},
                    Name{"Kovač^Łucja", "ISO_IR 101", "Kovač^Łucja"}, Name{"Иван", "ISO_IR 144", "Иван"},
                    Name{"Роман", "ISO_IR 144", "Роман"}, Name{"Ελένη", "ISO_IR 126", "Ελένη"},
                    Name{"משה", "ISO_IR 138", "משה"}, Name{"محمد", "ISO_IR 127", "محمد"},
                    Name{"เดช", "ISO_IR 166", "เดช"}, Name{"山田^太郎", "ISO_IR 13", "山田^太郎"},
                    Name{"山", "\\ISO 2022 IR 87", "山"}, Name{"Müller", "\\ISO 2022 IR 100", "Müller"},
                    Name{"王小", "GB18030", "王小"}, Name{"王小东", "GBK", "王小东"}));

// Valid UTF-8 by chance.
class WordOfTheDeclaredSet : public testing::TestWithParam<Name> {};

TEST_P(WordOfTheDeclaredSet, StaysOne) {
    const auto& [bytes, set, text] = GetParam();
    EXPECT_EQ(to_utf8(bytes, set, true), text);
    EXPECT_TRUE(is_text_in(bytes, set, true));
}

INSTANTIATE_TEST_SUITE_P(Table, WordOfTheDeclaredSet,
                         testing::Values(Name{"STR\xD3\xAFYK^JAN", "ISO_IR 101", "STRÓŻYK^JAN"},
                                         Name{"P\xD3\xA3TORAK", "ISO_IR 101", "PÓŁTORAK"},
                                         Name{"\xC5\xBE", "ISO_IR 144", "ХО"},
                                         Name{"\xE0\xB4\xAA", "ISO_IR 166", "เดช"},
                                         Name{"\xC6\xBC^\xCF\xB7", "ISO_IR 13", "ﾆｼ^ﾏｷ"},
                                         Name{"\xC2\xA9", "GB18030", "漏"}));

TEST(CharacterSet, KeepsTheLettersOfASetThatLacksSomeCharacters) {
    EXPECT_EQ(to_utf8("Ko\x9Auli\xE6", "ISO_IR 101"), "Košulić") << "Windows-1250";
    EXPECT_EQ(to_utf8("\x93\xB8\xD2\xD0\xDD\x94", "ISO_IR 144"), "“Иван”");
}

}  // namespace
}  // namespace hilum
