#include "store/overview/time_words.h"

#include <gtest/gtest.h>

#include "support/time_zone.h"

namespace hilum {
namespace {

const Timestamp noon = parse_utc("2026-11-23T12:00:00Z").value();

std::string moment(std::string_view text) {
    const auto parsed = parse_moment(text, noon);
    return parsed ? to_iso8601(*parsed) : parsed.error().code;
}

TEST(ParseMoment, TakesHowLongAgo) {
    EXPECT_EQ(moment("2h"), "2026-11-23T10:00:00.000000Z");
    EXPECT_EQ(moment("7d"), "2026-11-16T12:00:00.000000Z");
    EXPECT_EQ(moment("0s"), "2026-11-23T12:00:00.000000Z");
}

TEST(ParseMoment, TakesDaysAndTimesOfTheZone) {
    const test::TimeZone berlin("Europe/Berlin");
    EXPECT_EQ(moment("2026-11-23"), "2026-11-22T23:00:00.000000Z");
    EXPECT_EQ(moment("2026-07-01"), "2026-06-30T22:00:00.000000Z");
    EXPECT_EQ(moment("2026-11-23 09:30"), "2026-11-23T08:30:00.000000Z");
    EXPECT_EQ(moment("2026-11-23T09:30:15"), "2026-11-23T08:30:15.000000Z");
    EXPECT_EQ(moment("2026-11-23T09:30Z"), "2026-11-23T09:30:00.000000Z");
    EXPECT_EQ(moment("2026-11-23T09:30-05:00"), "usage") << "that is still to come";
    EXPECT_EQ(moment("2026-11-23T09:30:15.25+0530"), "2026-11-23T04:00:15.250000Z");
}

TEST(ParseMoment, RefusesWhatIsNone) {
    for (const auto* wrong :
         {"", "yesterday", "2", "2 fortnights", "-2h", "nan h", "2026-02-30", "2026-13-01",
          "2026-11-23T24:00", "2026-11-23T10:60", "2026-11-23T10", "2026-11-23T10:00:00.", "2026-11-23x",
          "20261123", "1969-12-31", "9e18us", "2026-11-24", "2026-11-23T09:30+25:00", "2026-11-23T09:30Zulu"})
        EXPECT_EQ(moment(wrong), "usage") << wrong;
}

TEST(ParseUtc, ReadsBackWhatTheDatabaseTells) {
    const test::TimeZone berlin("Europe/Berlin");
    for (const auto* text : {"2026-11-23T22:24:48.123456Z", "1970-01-01T00:00:00.000001Z"})
        EXPECT_EQ(to_iso8601(parse_utc(text).value()), text);
    EXPECT_EQ(to_iso8601(parse_utc("2026-11-23").value()), "2026-11-23T00:00:00.000000Z");
    for (const auto* wrong : {"", "2026-99-99", "2026-11-23T22:24+01:00", "22:24"})
        EXPECT_FALSE(parse_utc(wrong)) << wrong;
}

TEST(ParseNamedUtc, EndsWhereWhatIsWrittenEnds) {
    using namespace std::chrono_literals;
    const auto length = [](std::string_view text) {
        const auto time = parse_named_utc(text).value();
        return time.end - time.begin;
    };
    EXPECT_EQ(length("2026-11-23"), 24h);
    EXPECT_EQ(length("2026-11-23 22:24"), 1min);
    EXPECT_EQ(length("2026-11-23T22:24Z"), 1min);
    EXPECT_EQ(length("2026-11-23T22:24:48+00:00"), 1s);
    EXPECT_EQ(length("2026-11-23T22:24:48.12Z"), 10ms);
    EXPECT_EQ(length("2026-11-23T22:24:48.123456Z"), 1us);
    EXPECT_EQ(length("2026-11-23T22:24:48.123456789Z"), 1us);
    EXPECT_EQ(to_iso8601(parse_named_utc("2026-11-23 22:24+0000")->begin), "2026-11-23T22:24:00.000000Z");
}

TEST(LocalTime, NamesItsZone) {
    const test::TimeZone zone("Asia/Kathmandu");
    EXPECT_EQ(local_time(noon), "2026-11-23 17:45 +0545");
    EXPECT_EQ(local_time_to_the_second(noon), "2026-11-23 17:45:00 +0545");
}

}  // namespace
}  // namespace hilum
