// Dates moved by days, as they stand in data elements (PS3.5 6.2). Times of day stay.
#pragma once

#include <optional>
#include <string>

namespace hilum::deidentification {

// A value of VR DA: one date, also "YYYY.MM.DD" (which becomes YYYYMMDD), a range "A-B", or several joined by
// backslashes. Empty parts stay; nothing for what is no date, and where it would leave the years 1 to 9999.
std::optional<std::string> earlier_date(const std::string& value, int days);

// A value of VR DT likewise: its date moves, its time and zone stay. Of "YYYY" and "YYYYMM" the first day
// moves, and as much of it stays as was there. Nothing for what the whole is no DT: "2024-03-17" would keep
// the true month and day behind another year, and tell by how much it was moved.
std::optional<std::string> earlier_date_time(const std::string& value, int days);

// A value of VR TM as it is, also "HH:MM:SS" of old; nothing for what is no time of day.
std::optional<std::string> times_of_day(const std::string& value);

// "&ZZXX", from -1200 to +1400: a value of Timezone Offset From UTC.
bool is_utc_offset(const std::string& value);

}  // namespace hilum::deidentification
