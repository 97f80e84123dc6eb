// What a `tls:` block of the configuration says; plain words, so that whoever reads it needs no OpenSSL.
#pragma once

#include <string>
#include <vector>

namespace hilum {

// Whether who connects to us has to show a certificate. optional: one that is shown must be good.
enum class ClientCertificates { none, optional, required };

// Where a certificate, a key, certificate authorities or a revocation list lie: the path of a PEM file, or
// "credential:NAME" of systemd (LoadCredential=).
using PemSource = std::string;

struct TlsSettings {
    int line = 0;                         // of the file, for messages; not part of equality's meaning
    PemSource certificate;                // with the chain behind it; empty: we have none (as a client)
    PemSource key;                        // of the certificate
    PemSource authorities;                // who may have signed the peer's; empty: the system's (as a client)
    std::vector<PemSource> revoked;       // lists of the authorities (CRL)
    std::string minimum_version = "1.2";  // 1.2 | 1.3
    bool operator==(const TlsSettings&) const = default;
};

struct TlsServerSettings : TlsSettings {
    ClientCertificates client_certificates = ClientCertificates::required;
    bool operator==(const TlsServerSettings&) const = default;
};

struct TlsClientSettings : TlsSettings {
    std::string server_name;  // that the peer's certificate must be for; empty: the destination's host
    std::vector<std::string> expect;  // patterns instead of the name (certificate_pattern.h)
    bool operator==(const TlsClientSettings&) const = default;
};

}  // namespace hilum
