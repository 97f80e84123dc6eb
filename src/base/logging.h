// The log of a process: to stderr, with journald's priority prefixes when systemd reads it. No patient data.
// It never waits for its reader: lines are lost, and their number told, while nobody reads.
#pragma once

#include <string>

namespace hilum {

// Call once, first thing in a process. `role` stands in every line. `level`: debug, info, warning, error.
void start_logging(const std::string& role, const std::string& level);

// Text from outside (an AE title, an error of a library) made safe for one line of a log: control characters
// replaced, cut after 200 bytes.
std::string loggable(const std::string& text);

}  // namespace hilum
