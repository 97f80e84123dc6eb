// A model's score as people and programs read it. A score is never certain: none is shown as 0 or 1.
#pragma once

#include <string>

namespace hilum {

// Two decimals for people: "0.93"; ">0.99" and "<0.01" for what they would round to 1 or 0.
std::string score_text(double score, const std::string& decimal_sign = ".");

// A limit that somebody set, with as many decimals as it has, two at least and six at most: "0.50", "0.075".
std::string limit_text(double limit, const std::string& decimal_sign = ".");

// A score and the limit that decided on it, as they are shown together: with more decimals where it takes
// them for the score shown to reach the limit shown, or to lie below it, as the score does the limit.
struct Compared {
    std::string score, limit;
};
// For people, else as above.
Compared compared_text(double score, double limit, const std::string& decimal_sign = ".");
// For programs: the score as a number without exponent, in at most 16 characters (a DS of PS3.5 6.2, an NM of
// HL7 2.A); four decimals, and more also where these would make 0 or 1 of a score that lies between.
Compared compared_number(double score, double limit);

}  // namespace hilum
