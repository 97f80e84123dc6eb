#include "base/calendar_date.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;

TEST(ParseDate, ReadsTheStandardsFormAndOlderOnes) {
    const auto date = year(1970) / month(2) / day(28);
    for (const char* text : {"19700228", "1970.02.28", "1970-02-28", "1970/02/28", "1970:02:28"})
        EXPECT_EQ(parse_date(text), date) << text;
}

TEST(ParseDate, ReadsNothingElse) {
    for (const char* text :
         {"", "1970", "197002", "19700230", "19701301", "1970.02-28", "28.02.1970", "1970 02 28", "-9700228",
          "+9700228", "1970022", "197002281", "1970.2.28", "1970.02.281"})
        EXPECT_FALSE(parse_date(text)) << text;
}

TEST(Age, IsNoneThatNobodyReached) {
    for (const double years : {0.0, 0.5, 18.0, 122.0}) EXPECT_TRUE(is_age(years)) << years;
    for (const double years : {-1.0, 122.5, 123.0, 126.0}) EXPECT_FALSE(is_age(years)) << years;
}

}  // namespace
}  // namespace hilum
