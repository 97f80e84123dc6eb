// Certificates, key, authorities and the profile of TLS, loaded once for many connections. One profile serves
// DICOM, HL7 and HTTP, both ways: TLS 1.2 and 1.3, as BCP 195 (RFC 9325 and 8996) asks, whatever the system's
// openssl.cnf permits. Loaded by the process that speaks TLS, and by no other: the key is read here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tls/certificate_term.h"
#include "base/tls/tls_settings.h"

struct ssl_ctx_st;

namespace hilum {

class TlsContext {
  public:
    // Errors name the file and what to do. Codes: "unreadable", "denied", "exposed", "credential" of what
    // cannot be read; "pem" where a file holds no such thing; "key_mismatch"; "encrypted_key"; "weak" where a
    // key or a signature is below what the profile permits. What is expired is loaded: see why_not_current().
    static Result<TlsContext> server(const TlsServerSettings& settings);
    static Result<TlsContext> client(const TlsClientSettings& settings);

    ssl_ctx_st* get() const { return context_.get(); }
    const std::vector<CertificateTerm>& terms() const { return terms_; }

  private:
    friend class TlsContextLoader;
    TlsContext() = default;
    std::shared_ptr<ssl_ctx_st> context_;
    std::vector<CertificateTerm> terms_;
};

// What OpenSSL complained of last in this thread, in words; `otherwise` where it says nothing. Forgets it.
std::string openssl_error(const std::string& otherwise);

}  // namespace hilum
