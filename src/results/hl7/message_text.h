// HL7 version 2's text (2.5.1 chapter 2): fields with their delimiters, and what our own messages call
// things.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "results/report/report_terms.h"

namespace hilum::results::hl7 {

inline const Code study_instance_uid{"110180", "DCM", "Study Instance UID"};
inline const Code triage_priority{"triage-priority", own_coding_scheme, "Triage priority"};
inline const Code urgent{"urgent", own_coding_scheme, "Urgent"};
inline const Code routine{"routine", own_coding_scheme, "Routine"};
inline const Code withdrawn{"withdrawn", own_coding_scheme, "Withdrawn"};

inline constexpr const char* utf8_set = "UNICODE UTF-8";  // MSH-18
inline constexpr const char* latin1_set = "8859/1";
inline constexpr const char* urgent_order = "^^^^^S";  // OBR-27
inline constexpr const char* routine_order = "^^^^^R";

// Delimiters become escape sequences (2.7); a control character, which none of our fields may have, a blank.
std::string escaped(const std::string& text);
std::string unescaped(const std::string& text);  // what escaped() made

// Without the delimiters at its end, which say nothing.
std::string delimited(const std::vector<std::string>& parts, char delimiter);

std::string code_text(const Code& code);

// Nothing where a character is beyond Latin-1.
std::optional<std::string> as_latin1(const std::string& utf8);
std::string from_latin1(const std::string& latin1);

}  // namespace hilum::results::hl7
