// The connection to one syslog server, over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425). Syslog knows no
// acknowledgement: of TCP and TLS the server's system tells that it has taken the bytes, of UDP nobody tells
// anything but, sometimes, that nobody listens. Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "contract/syslog_settings.h"
#include "results/delivery/connection_watch.h"
#include "results/delivery/tls_client.h"

namespace hilum::syslog {

class SyslogClient {
  public:
    // `tls`: of the protocol tls. `on_progress`: see ConnectionWatch. The settings outlive it.
    SyslogClient(const SyslogSettings& server, std::shared_ptr<delivery::TlsClient> tls,
                 std::function<void()> on_progress);
    ~SyslogClient() { close(); }
    SyslogClient(const SyslogClient&) = delete;
    SyslogClient& operator=(const SyslogClient&) = delete;

    // A new connection, in place of one that there may be. Errors are for an operator.
    Status open();
    // All of them, in order, until the server's system has them. After an error nothing is known of them, and
    // there is no connection any more.
    Status send(const std::vector<std::string>& messages);
    // Whether the connection is still there. What the server says is read and means nothing.
    bool alive();
    void close();

    std::int64_t connection() const { return socket_ ? number_ : 0; }  // different for each; 0: there is none

  private:
    Status open_datagrams();
    Status open_stream();
    Status send_datagrams(const std::vector<std::string>& messages);
    Status send_stream(const std::vector<std::string>& messages);
    bool hears_nothing();  // what came is read; false at the end
    Status broken(const std::string& how);
    std::string text() const;  // "arr at 10.1.0.7:6514"

    const SyslogSettings& server_;
    std::shared_ptr<delivery::TlsClient> tls_client_;
    delivery::ConnectionWatch watch_;
    delivery::WatchedTlsWire wire_;
    UniqueFd socket_;
    std::optional<TlsStream> tls_;
    std::int64_t number_ = 0;
};

}  // namespace hilum::syslog
