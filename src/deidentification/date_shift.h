// Dates moved by days, as they stand in data elements (PS3.5 6.2). Times of day stay.
#pragma once

#include <optional>
#include <string>

namespace hilum::deidentification {

// A value of VR DA: one date, also "YYYY.MM.DD" (which becomes YYYYMMDD), a range "A-B", or several joined by
// backslashes. Empty parts stay; nothing for what is no date, and where it would leave the years 1 to 9999.
std::optional<std::string> earlier_date(const std::string& value, int days);

// A value of VR DT likewise: its date moves, its time and zone stay. Of "YYYY" and "YYYYMM" the first day
// moves, and as much of it stays as was there.
std::optional<std::string> earlier_date_time(const std::string& value, int days);

}  // namespace hilum::deidentification
