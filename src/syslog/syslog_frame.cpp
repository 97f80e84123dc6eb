#include "syslog/syslog_frame.h"

#include <fmt/format.h>

#include <cstddef>

namespace hilum::syslog {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t longest_host = 255, longest_message_id = 32;

// PRINTUSASCII, which has no blank; "-" where nothing is left.
std::string header_word(std::string_view text, std::size_t longest) {
    std::string word;
    for (const char c : text.substr(0, longest)) word += c > 0x20 && c < 0x7F ? c : '-';
    return word.empty() ? "-" : word;
}

}  // namespace

std::string syslog_message(const SyslogHeader& header, std::string_view text, bool utf8) {
    // PROCID and STRUCTURED-DATA say nothing: what is told may be of an earlier life.
    return fmt::format("<{}>1 {} {} {} - {} - {}{}", header.facility * 8 + static_cast<int>(header.severity),
                       header.timestamp, header_word(header.host, longest_host), application_name,
                       header_word(header.message_id, longest_message_id), utf8 ? byte_order_mark : "", text);
}

std::string counted_frame(std::string_view message) {
    return fmt::format("{} {}", message.size(), message);
}

}  // namespace hilum::syslog
