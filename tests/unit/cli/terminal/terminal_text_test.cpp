#include "cli/terminal/terminal_text.h"

#include <gtest/gtest.h>

#include <sstream>

namespace hilum::cli {
namespace {

TEST(Printable, HasNothingThatCouldSteerATerminal) {
    EXPECT_EQ(printable("a\x1b[31m\n\r\tb\x7f"), "a?[31m???b?");
    EXPECT_EQ(printable("a\u009b31mb"), "a?31mb") << "C1 controls are two bytes of UTF-8";
    EXPECT_EQ(printable("abc\u202edcba\u2066x\u2069\u200f"), "abc?dcba?x??");
    EXPECT_EQ(printable("line\u2028paragraph\u2029"), "line?paragraph?");
    EXPECT_EQ(printable("M\u00fcller \u5c71\u7530 \u03b1"), "M\u00fcller \u5c71\u7530 \u03b1");
}

TEST(Printable, ReplacesBytesThatAreNoUtf8) {
    EXPECT_EQ(printable("M\xfcller"), "M?ller") << "Latin-1";
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "?31m")
        << "a C1 control as one byte";
    EXPECT_EQ(printable("\xc0\xaf\xe0\x80\xaf\xed\xa0\x80\xf4\x90\x80\x80"), "????????????")
        << "too long, a surrogate, beyond Unicode";
    EXPECT_EQ(printable("\xe5\xb1"), "??") << "cut off";
}

TEST(WidthOf, CountsColumns) {
    EXPECT_EQ(width_of("M\u00fcller"), 6u);
    EXPECT_EQ(width_of("\u5c71\u7530"), 4u);
    EXPECT_EQ(width_of("e\u0301"), 1u) << "a combining accent";
    EXPECT_EQ(width_of("\U0001F600"), 2u);
}

TEST(Shortened, NeverExceedsItsColumns) {
    EXPECT_EQ(shortened("short", 5), "short");
    EXPECT_EQ(shortened("shorter", 5), "shor\u2026");
    EXPECT_EQ(shortened("\u5c71\u7530\u592a\u90ce", 5), "\u5c71\u7530\u2026");
    EXPECT_EQ(shortened("\u5c71\u7530\u592a\u90ce", 4), "\u5c71\u2026") << "no half of a wide character";
    EXPECT_EQ(shortened("a word", 3), "a\u2026");
    EXPECT_EQ(end_of("/long/path/file.dcm", 9), "\u2026file.dcm");
    EXPECT_EQ(end_of("file.dcm", 9), "file.dcm");
}

TEST(Wrapped, BreaksBetweenWordsAndWithinThoseThatAreTooLong) {
    EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrapped("abcdefghij", 4), (std::vector<std::string>{"abcd", "efgh", "ij"}));
    EXPECT_EQ(wrapped("", 4), std::vector<std::string>{""});
    for (const auto& line : wrapped(std::string(1000, 'x') + " \u5c71\u7530 y", 20))
        EXPECT_LE(width_of(line), 20u);
}

TEST(PrintableStream, PutsCharactersTogetherThatArriveByteByByte) {
    std::ostringstream to;
    {
        PrintableStream stream(to);
        for (const char c : std::string("M\u00fc\u009b\u5c71\x1b\n")) stream << c;
        stream << std::flush << "\xe5\xb1";
    }
    EXPECT_EQ(to.str(), "M\u00fc?\u5c71?\n??");
}

}  // namespace
}  // namespace hilum::cli
