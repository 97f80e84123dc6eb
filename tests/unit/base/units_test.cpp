#include "base/units.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEveryUnit) {
    EXPECT_EQ(parse_duration("7us"), Duration(7us));
    EXPECT_EQ(parse_duration("5ms"), Duration(5ms));
    EXPECT_EQ(parse_duration("10s"), Duration(10s));
    EXPECT_EQ(parse_duration("2min"), Duration(2min));
    EXPECT_EQ(parse_duration("72h"), Duration(72h));
    EXPECT_EQ(parse_duration("7d"), Duration(7 * 24h));
}

TEST(ParseDuration, ReadsFractionsAndASpace) {
    EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
    EXPECT_EQ(parse_duration("3 h"), Duration(3h));
    EXPECT_EQ(parse_duration("0s"), Duration(0s));
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
    for (const char* text : {"", "10", "s", "-1s", "10 parsecs", "10S", "nan s", "inf s", "1e30d", "1s2"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ParseDuration, SaysWhichUnitsItKnows) {
    const auto duration = parse_duration("10");
    ASSERT_FALSE(duration);
    EXPECT_NE(duration.error().message.find("us, ms, s, min, h, d"), std::string::npos);
}

TEST(ParseSize, ReadsEveryUnit) {
    EXPECT_EQ(parse_size("12B"), 12u);
    EXPECT_EQ(parse_size("1KiB"), 1024u);
    EXPECT_EQ(parse_size("64MiB"), 64u << 20);
    EXPECT_EQ(parse_size("2GiB"), 2ull << 30);
    EXPECT_EQ(parse_size("0.5KiB"), 512u);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
    for (const char* text : {"", "10", "10MB", "-1B", "1e30GiB"}) EXPECT_FALSE(parse_size(text)) << text;
}

TEST(FormatDuration, IsShortAtEveryScale) {
    EXPECT_EQ(format_duration(5ms), "5ms");
    EXPECT_EQ(format_duration(1500ms), "1.5s");
    EXPECT_EQ(format_duration(10s), "10s");
    EXPECT_EQ(format_duration(123s), "2min 3s");
    EXPECT_EQ(format_duration(2h + 30min), "2h 30min");
    EXPECT_EQ(format_duration(76h), "3d 4h");
    EXPECT_EQ(format_duration(4h - 1s), "4h 0min");
    EXPECT_EQ(format_duration(1h - 1ms), "1h 0min");
    EXPECT_EQ(format_duration(24h - 1s), "1d 0h");
    EXPECT_EQ(format_duration(2min - 1ms), "2min 0s");
}

}  // namespace
}  // namespace hilum
