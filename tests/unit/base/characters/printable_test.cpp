#include "base/characters/printable.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/logging.h"

namespace hilum {
namespace {

TEST(Printable, LeavesNamesInAnyScriptAsTheyAre) {
    for (const auto* name :
         {"M\u00FCller^J\u00FCrgen", "\u5C71\u7530^\u592A\u90CE=\u3084\u307E\u3060", "\uAE40^\uD76C\uC911",
          "\u0645\u062D\u0645\u062F", "\u0E2A\u0E21\u0E0A\u0E32\u0E22", "\U0001F600 \U00020BB7"})
        EXPECT_EQ(printable(name), name);
}

TEST(Printable, ReplacesWhatSteersATerminalOrTurnsTextAround) {
    EXPECT_EQ(printable("a\x1b[2Jb\r\n\tc\x7f"), "a?[2Jb???c?");
    EXPECT_EQ(printable("a\u009B2Jb\u0085"), "a?2Jb?") << "C1";
    EXPECT_EQ(printable("\u202Egpj.exe\u202C \u2066x\u2069 \u200F\u061C"), "?gpj.exe? ?x? ??");
    EXPECT_EQ(printable("a\u200Bb\u200Dc\uFEFFd\u00ADe\u2060f\u3164g"), "a?b?c?d?e?f?g") << "unseen";
    EXPECT_EQ(printable("a\U000E0041b"), "a?b") << "tags";
    EXPECT_EQ(printable("a\nb", "\n"), "a\nb");
}

TEST(Printable, ReplacesEachByteThatIsNoUtf8) {
    EXPECT_EQ(printable("\x9b"
                        "2J"),
              "?2J")
        << "C1 as a byte of its own";
    EXPECT_EQ(printable("\xC0\x9B|\xE0\x80\x9B|\xF0\x80\x80\x9B"), "??|???|????") << "overlong";
    EXPECT_EQ(printable("\xED\xA0\x80|\xED\xBF\xBF"), "???|???") << "surrogates";
    EXPECT_EQ(printable("\xF4\x90\x80\x80"), "????") << "beyond Unicode";
    EXPECT_EQ(printable("a\xE2\x82"), "a??") << "cut off";
    EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
}

TEST(Printable, JsonReadsBackTheSame) {
    const nlohmann::json json = {{"name", "\u009B2J\u202Ex\u200B\U000E0041\u00E9\n"}};
    const auto text = json_without_controls(json.dump());
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(nlohmann::json::parse(text), json);
}

TEST(Printable, ALogLineIsCutBetweenCharacters) {
    const auto line = loggable(std::string(199, 'a') + "\u00E9 and more");
    EXPECT_EQ(line, std::string(199, 'a'));
    EXPECT_EQ(loggable("a\u009Bb"), "a?b");
}

}  // namespace
}  // namespace hilum
