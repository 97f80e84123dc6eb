#include "base/tls/certificate_check.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace hilum {
namespace {

// The chain as it lies in the file: each signed by the next.
void check_order(SSL_CTX* context, const std::string& source, std::vector<std::string>& doubts) {
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(context, &chain);
    X509* below = SSL_CTX_get0_certificate(context);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        X509* const above = sk_X509_value(chain, i);
        if (X509_check_issued(above, below) != X509_V_OK)
            doubts.push_back(
                fmt::format("{}: certificate {} is not signed by the one after it: our own comes first, then "
                            "who signed it, "
                            "and so on",
                            source, i + 1));
        below = above;
    }
}

}  // namespace

std::vector<std::string> doubts_about(const TlsContext& context, TlsSide side, std::int64_t now) {
    std::vector<std::string> doubts;
    for (const auto& term : context.terms()) {
        if (is_replaced(term, context.terms(), now)) continue;
        if (auto why = term_warning(term, now); !why.empty())
            doubts.push_back(
                fmt::format("{}: the {} of {} {}", term.source, kind_text(term.kind), term.subject, why));
    }
    X509* const own = SSL_CTX_get0_certificate(context.get());
    if (own == nullptr) return doubts;
    const auto& source = context.terms().front().source;
    const bool server = side == TlsSide::server;
    if (X509_check_purpose(own, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT, 0) != 1)
        doubts.push_back(
            fmt::format("{}: the certificate is not for a TLS {} (extended key usage): others refuse it",
                        source, server ? "server" : "client"));
    check_order(context.get(), source, doubts);
    return doubts;
}

}  // namespace hilum
