#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace hilum {
namespace {

class TimeZone {
  public:
    explicit TimeZone(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    ~TimeZone() {
        ::unsetenv("TZ");
        ::tzset();
    }
};

// 2026-01-15 23:30:05.000042 UTC
const Timestamp winter_night = from_microseconds(1'768'519'805'000'042);

TEST(Clock, WritesIso8601InUtc) {
    const TimeZone zone("XST-1");
    EXPECT_EQ(to_iso8601(winter_night), "2026-01-15T23:30:05.000042Z");
}

TEST(Clock, WritesDicomDateAndTimeInLocalTime) {
    const TimeZone zone("XST-1");  // POSIX: an hour east of UTC
    EXPECT_EQ(to_dicom_date(winter_night), "20260116");
    EXPECT_EQ(to_dicom_time(winter_night), "003005.000042");
}

TEST(Clock, WritesTheOffsetFromUtcAsDicomDoes) {
    {
        const TimeZone zone("XST-1");
        EXPECT_EQ(to_dicom_utc_offset(winter_night), "+0100");
    }
    {
        const TimeZone zone("XST3:30");
        EXPECT_EQ(to_dicom_utc_offset(winter_night), "-0330");
    }
    const TimeZone zone("UTC0");
    EXPECT_EQ(to_dicom_utc_offset(winter_night), "+0000");
}

TEST(Clock, KeepsMicrosecondsThroughTheDatabaseForm) {
    const auto time = now();
    EXPECT_EQ(from_microseconds(to_microseconds(time)), time);
}

}  // namespace
}  // namespace hilum
