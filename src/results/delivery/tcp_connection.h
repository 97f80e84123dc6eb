// A TCP connection to a destination, by the name or address that the configuration has. Used for DICOM and
// HL7 alike, so that both say the same of what prevents it.
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "results/delivery/answer.h"
#include "results/delivery/host_lookup.h"

namespace hilum::delivery {

struct TcpDestination {
    std::string text;  // for messages: "PACS at 10.1.0.5:104"
    std::string host;  // name, IPv4 or IPv6 address
    int port = 0;
    Duration timeout{};  // for name and connection together
};

// Before the next address of a host is tried beside those that have not answered yet (RFC 8305, section 5).
inline constexpr std::chrono::milliseconds head_start{300};

// A blocking socket without Nagle's algorithm. All addresses of the host are tried, each beside those that
// are silent; the first that takes a connection counts. The error is what prevented it, always Outcome::retry
// and no_association.
tl::expected<UniqueFd, Answer> connect_to(const TcpDestination& destination, LookUp look_up = &getaddrinfo);

}  // namespace hilum::delivery
