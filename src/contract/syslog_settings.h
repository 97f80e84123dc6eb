// One server to which the audit trail goes: the site's configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/tls/tls_settings.h"
#include "base/units.h"
#include "contract/enum_text.h"

namespace hilum {

enum class SyslogProtocol { udp, tcp, tls };  // RFC 5426; RFC 6587, octet counting; RFC 5425
template <>
inline constexpr auto enum_texts<SyslogProtocol> = texts_of_enum<SyslogProtocol>({
    {SyslogProtocol::udp, "udp"},
    {SyslogProtocol::tcp, "tcp"},
    {SyslogProtocol::tls, "tls"},
});

// PS3.15 A.6: what servers of audit messages take at least.
inline constexpr std::uint64_t usual_syslog_message = 32768;
inline constexpr std::uint64_t largest_datagram = 65000;  // of UDP there may be no longer ones

struct SyslogSettings {
    std::string name;  // how far the server has the trail is kept under it
    std::string host;  // name or address, IPv4 or IPv6
    int port = 6514;   // without a key 514 for udp and tcp
    SyslogProtocol protocol = SyslogProtocol::tls;
    TlsClientSettings tls;                             // of the protocol tls
    int facility = 10;                                 // RFC 5424 6.2.1
    std::string enterprise_site;                       // AuditEnterpriseSiteID; empty: none
    std::string source;                                // AuditSourceID; without a key the AE title
    std::uint64_t max_message = usual_syslog_message;  // bytes; of a longer one the event's details stay out
    Duration timeout = std::chrono::seconds(10);       // to connect, and without progress
    Duration first_delay = std::chrono::seconds(2);    // retries: doubles, with jitter
    Duration longest_delay = std::chrono::minutes(2);
    bool operator==(const SyslogSettings&) const = default;
};

}  // namespace hilum
