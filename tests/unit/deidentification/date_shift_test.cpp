#include "deidentification/date_shift.h"

#include <gtest/gtest.h>

namespace hilum::deidentification {
namespace {

TEST(EarlierDate, MovesADateByDays) {
    EXPECT_EQ(earlier_date("20240301", 1), "20240229");
    EXPECT_EQ(earlier_date("20230301", 1), "20230228");
    EXPECT_EQ(earlier_date("19000105", 10), "18991226");
    EXPECT_EQ(earlier_date("18950105 ", 365), "18940105");
    EXPECT_EQ(earlier_date("2024.03.01", 1), "20240229");
    EXPECT_EQ(earlier_date("2024-03-01", 1), "20240229");
}

TEST(EarlierDate, MovesEachOfSeveralAndBothEndsOfARange) {
    EXPECT_EQ(earlier_date("20240301\\\\20240302", 1), "20240229\\\\20240301");
    EXPECT_EQ(earlier_date("20240301-20240303", 1), "20240229-20240302");
    EXPECT_EQ(earlier_date("-20240303", 1), "-20240302");
    EXPECT_EQ(earlier_date("20240301-", 1), "20240229-");
    EXPECT_EQ(earlier_date("", 1), "");
}

TEST(EarlierDate, IsNothingOfWhatIsNoDate) {
    for (const char* text :
         {"201905", "20240230", "Jane Doe", "20240301\\Doe", "00010101", "-", "20240301120000"})
        EXPECT_EQ(earlier_date(text, 400), std::nullopt) << text;
}

TEST(EarlierDateTime, KeepsTimeAndZone) {
    EXPECT_EQ(earlier_date_time("20240301235959.123456+0100", 1), "20240229235959.123456+0100");
    EXPECT_EQ(earlier_date_time("20240301-0500", 1), "20240229-0500");
    EXPECT_EQ(earlier_date_time("2024030112", 1), "2024022912");
    EXPECT_EQ(earlier_date_time("20240301\\20240302", 1), "20240229\\20240301");
}

TEST(EarlierDateTime, KeepsThePrecisionOfPartialDates) {
    EXPECT_EQ(earlier_date_time("2024", 1), "2023");
    EXPECT_EQ(earlier_date_time("202403", 40), "202401");
    EXPECT_EQ(earlier_date_time("2024+0100", 1), "2023+0100");
}

TEST(EarlierDateTime, IsNothingOfWhatIsNone) {
    for (const char* text : {"20240301 Doe",
                             "202",
                             "Doe",
                             "20240199",
                             "20240301Z",
                             "2024-03-17",
                             "2024.03.17",
                             "202403-17",
                             "2024-03",
                             "20240317-20240318",
                             "2024-0317",
                             "2024+03",
                             "20240317.5",
                             "2024031",
                             "202403171",
                             "2024031724",
                             "202403171060",
                             "20240317101061",
                             "20240317101010.",
                             "20240317101010.1234567",
                             "20240317101010.12.3",
                             "2024031710:11",
                             "20240317+1401",
                             "20240317-1201",
                             "20240317+0160",
                             "20240317+010",
                             "20240317+01000",
                             "20240317+01-1",
                             "+0100"})
        EXPECT_EQ(earlier_date_time(text, 1), std::nullopt) << text;
}

TEST(EarlierDateTime, TakesTheWholeGrammar) {
    for (const auto& [text, earlier] : {std::pair("2024030110", "2024022910"),
                                        {"202403012359", "202402292359"},
                                        {"20240301235960", "20240229235960"},
                                        {"20240301235959.1-1200", "20240229235959.1-1200"},
                                        {"202403010000+1400 ", "202402290000+1400"},
                                        {"202403-0500", "202402-0500"}})
        EXPECT_EQ(earlier_date_time(text, 1), earlier) << text;
}

TEST(TimesOfDay, AreKeptWhereTheyAreSome) {
    for (const char* text :
         {"10", "1011", "101112", "101112.5", "235960.123456", "10:11", "10:11:12.5", "101112\\10", ""})
        EXPECT_EQ(times_of_day(text), text);
    EXPECT_EQ(times_of_day("101112 "), "101112");
    for (const char* text : {"24", "1", "101", "1060", "101161", "101112.", "101112.1234567", "10:1112",
                             "1011:12", "10:11:", "10-11", "19300102", "1112223333", "Doe", "101112\\Doe"})
        EXPECT_EQ(times_of_day(text), std::nullopt) << text;
}

TEST(UtcOffset, IsASignAndHoursAndMinutes) {
    for (const char* text : {"+0100", "-0930", "+1400", "-1200", "+0545 "})
        EXPECT_TRUE(is_utc_offset(text)) << text;
    for (const char* text : {"", "0100", "+1401", "-1201", "+0160", "+01", "+01:00", "CANARY"})
        EXPECT_FALSE(is_utc_offset(text)) << text;
}

}  // namespace
}  // namespace hilum::deidentification
