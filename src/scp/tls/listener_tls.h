// The listener's TLS port, and what its receivers inherit for it: certificate and key are read here alone.
#pragma once

#include <optional>

#include "base/tls/reloadable_tls.h"
#include "contract/configuration.h"
#include "contract/messages/certificates.h"
#include "scp/listening_socket.h"

namespace hilum::scp {

class ListenerTls {
  public:
    // Nothing is open where scp.tls is not configured. Errors: those of ListeningSocket and TlsContext.
    static Result<ListenerTls> open(const ScpSettings& settings);

    bool configured() const { return context_.has_value(); }
    const ListeningSocket& socket() const { return socket_; }
    void close() { socket_.close(); }
    // Certificate and key, for a process that needs neither: then it is not configured. OpenSSL overwrites
    // the key, not what it was read from.
    void forget() { context_.reset(); }
    const TlsContext& context() const { return *context_->context(); }  // where it is configured

    CertificatesLoaded loaded() const;
    CertificatesLoaded reload();  // for the connections to come

  private:
    ListenerTls() = default;
    ListeningSocket socket_;
    std::optional<ReloadableTls> context_;
};

}  // namespace hilum::scp
