// Text from outside (DICOM attributes, AE titles, HTTP targets, file names, HL7 fields, messages of
// libraries) made safe to be shown: on a terminal, in the log, on a page. The one place that decides which
// characters are not.
#pragma once

#include <string>
#include <string_view>

namespace hilum {

// `text` as one line: what could steer a terminal, turn the text around it or stay unseen (C0, DEL and C1
// control characters, line and paragraph separators, bidirectional and invisible characters) and each byte
// that is no UTF-8 becomes '?'. Characters of `passing` stay.
std::string printable(std::string_view text, std::string_view passing = {});

// JSON whose text holds no such character: they are written as \uXXXX, which reads back the same.
std::string json_without_controls(const std::string& json);

}  // namespace hilum
