// What is told of TLS handshakes that failed: a message a second for each address and reason, and for few
// addresses, so that a flood of connections makes no flood of messages.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/ip_network.h"
#include "contract/messages/accessing.h"

namespace hilum::monitor {

class TlsFailures {
  public:
    static constexpr std::size_t most_told = 32;  // addresses and reasons; beyond, the reason alone

    // `failure`: code and words of base/tls/tls_failure.h.
    void add(const IpAddress& address, const Error& failure);

    // Tells what came since the last time; what cannot be told now waits for the next. To be called every
    // second or more seldom.
    void tell(const std::function<Status(const HttpTlsFailed&)>& tell);

  private:
    std::map<std::pair<std::string, std::string>, HttpTlsFailed> failures_;  // by address and code
};

}  // namespace hilum::monitor
