// A syslog message (RFC 5424) and how it lies in a stream (RFC 6587 3.4.1, RFC 5425 4.3).
#pragma once

#include <string>
#include <string_view>

namespace hilum::syslog {

enum class Severity { error = 3, warning = 4, notice = 5, informational = 6 };

struct SyslogHeader {
    int facility = 10;
    Severity severity = Severity::notice;
    std::string timestamp;  // RFC 3339
    std::string host;       // what cannot stand in a header becomes '-'
    std::string message_id;
};

// The marks that every message of ours has.
inline constexpr std::string_view application_name = "hilum";
inline constexpr std::string_view dicom_message_id = "DICOM+RFC3881";  // PS3.15 A.6
inline constexpr std::string_view head_message_id = "HILUM+HEAD";

// `utf8`: the text may have other characters than ASCII, and says so by its byte order mark (RFC 5424 6.4).
std::string syslog_message(const SyslogHeader& header, std::string_view text, bool utf8);

// With its length before it.
std::string counted_frame(std::string_view message);

}  // namespace hilum::syslog
