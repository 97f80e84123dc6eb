#include "base/tls/tls_failure.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace hilum {
namespace {

// What OpenSSL found wrong with the peer's certificate.
Error certificate_failure(long verdict) {
    const std::string why = X509_verify_cert_error_string(verdict);
    const auto error = [&](const char* code, const std::string& words) {
        return Error{code, words + " (" + why + ")", Retry::later};
    };
    switch (verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return error(tls_failures::expired,
                         "its certificate, or one of an authority above it, has expired");
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return error(tls_failures::not_yet_valid,
                         "its certificate is not valid yet: check its dates and this machine's clock");
        case X509_V_ERR_CERT_REVOKED:
            return error(tls_failures::revoked, "its certificate is revoked by the authority's list");
        case X509_V_ERR_UNABLE_TO_GET_CRL:
            return error(tls_failures::no_crl,
                         "none of the lists of revoked certificates is of its authority");
        case X509_V_ERR_CRL_NOT_YET_VALID:
            return error(tls_failures::no_crl,
                         "the list of revoked certificates is not valid yet: check its dates and this "
                         "machine's clock");
        case X509_V_ERR_CRL_HAS_EXPIRED:
            return error(tls_failures::no_crl,
                         "the list of revoked certificates is out of date: fetch the new one");
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return error(tls_failures::wrong_name, "its certificate is for another name");
        default:
            return error(tls_failures::untrusted, "its certificate is not taken");
    }
}

bool is_wrong_version(int reason) {
    return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_UNSUPPORTED_SSL_VERSION ||
           reason == SSL_R_VERSION_TOO_LOW || reason == SSL_R_NO_PROTOCOLS_AVAILABLE ||
           reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_BAD_PROTOCOL_VERSION_NUMBER;
}

bool is_no_tls(int reason) {
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_BAD_RECORD_TYPE ||
           reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_UNKNOWN_PROTOCOL;
}

}  // namespace

Error tls_failure(unsigned long error, long verdict, const std::string& text) {
    const int reason = ERR_GET_REASON(error);
    if (verdict != X509_V_OK && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return certificate_failure(verdict);
    if (is_wrong_version(reason))
        return {tls_failures::protocol_version,
                "no version of TLS that both sides offer: 1.2 or 1.3 is needed", Retry::later};
    if (reason == SSL_R_NO_SHARED_CIPHER)
        return {tls_failures::cipher_suite,
                "no cipher suite that both sides offer, or no certificate for one", Retry::later};
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        return {tls_failures::no_certificate, "it showed no certificate, which is required", Retry::later};
    if (is_no_tls(reason))
        return {tls_failures::not_tls, "it does not speak TLS, as this connection wants", Retry::later};
    if (reason > SSL_AD_REASON_OFFSET)
        return {tls_failures::refused_by_peer, fmt::format("the other side refused: {}", text), Retry::later};
    return {tls_failures::other, text, Retry::later};
}

Error tls_timeout() {
    return {tls_failures::timeout, "it did not go on in time", Retry::later};
}

Error tls_closed() {
    return {tls_failures::closed, "it closed the connection", Retry::later};
}

}  // namespace hilum
