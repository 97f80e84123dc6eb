// A model's score as people and programs read it. A score is never certain: none is shown as 0 or 1.
#pragma once

#include <string>

namespace hilum {

// Two decimals for people: "0.93"; ">0.99" and "<0.01" for what they would round to 1 or 0.
std::string score_text(double score, const std::string& decimal_sign = ".");

// A limit that somebody set, with as many decimals as it has, two at least: "0.50", "0.075".
std::string limit_text(double limit, const std::string& decimal_sign = ".");

// The number itself for programs, without exponent, in at most 16 characters (a DS of PS3.5 6.2, an NM of HL7
// 2.A): four decimals, and more where these would make 0 or 1 of a score that lies between.
std::string score_number(double score);

}  // namespace hilum
