// Why a TLS connection failed, the same for all that speak TLS.
#pragma once

#include <string>

#include "base/error.h"

namespace hilum {

// Codes of a TLS connection that failed, for metrics and the audit trail.
namespace tls_failures {
inline constexpr const char *none = "none", *timeout = "timeout", *closed = "closed", *not_tls = "not_tls",
                            *protocol_version = "protocol_version", *cipher_suite = "cipher_suite",
                            *no_certificate = "no_certificate", *untrusted = "untrusted",
                            *expired = "expired", *not_yet_valid = "not_yet_valid", *revoked = "revoked",
                            *no_crl = "no_crl", *wrong_name = "wrong_name",
                            *refused_by_peer = "refused_by_peer", *other = "other";
}  // namespace tls_failures

// What OpenSSL says, in our codes and words. `error`: the last of its queue; `verdict`: of the peer's
// certificate (SSL_get_verify_result); `text`: its words for what is none of the known mistakes.
Error tls_failure(unsigned long error, long verdict, const std::string& text);
Error tls_timeout();
Error tls_closed();

}  // namespace hilum
