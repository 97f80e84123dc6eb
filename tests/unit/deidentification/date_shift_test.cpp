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
    for (const char* text : {"20240301 Doe", "202", "Doe", "20240199", "20240301Z"})
        EXPECT_EQ(earlier_date_time(text, 1), std::nullopt) << text;
}

}  // namespace
}  // namespace hilum::deidentification
