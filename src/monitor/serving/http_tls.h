// Certificate and key of the HTTP server (http.tls), loaded anew while connections keep what they began with.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <optional>

#include "base/tls/reloadable_tls.h"
#include "contract/configuration.h"
#include "contract/messages/certificates.h"

namespace hilum::monitor {

class HttpTls {
  public:
    explicit HttpTls(const HttpSettings& settings) : settings_(settings) {}

    bool configured() const { return settings_.tls.has_value(); }

    // The first time. Errors: those of TlsContext. What has expired is used, with an error in the log.
    Status load();

    CertificatesLoaded loaded() const { return loaded_for("http", tls_->context()); }
    CertificatesLoaded reload() { return reloaded_for("http", *tls_); }

    // Null where it is not configured.
    std::shared_ptr<boost::asio::ssl::context> context() const;

  private:
    const HttpSettings settings_;
    std::optional<ReloadableTls> tls_;
};

// Why a handshake failed, as base/tls/tls_failure.h tells it.
Error handshake_failure(const boost::system::error_code& error, const SSL* tls);
// Whether a byte came.
bool has_heard_from(const SSL* tls);

}  // namespace hilum::monitor
