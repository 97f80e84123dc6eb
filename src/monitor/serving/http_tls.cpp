#include "monitor/serving/http_tls.h"

#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include <boost/beast/core/error.hpp>
#include <ctime>

#include "base/tls/tls_failure.h"

namespace hilum::monitor {

Status HttpTls::load() {
    if (!configured()) return {};
    tls_.emplace([this] { return TlsContext::server(*settings_.tls); });
    const auto& context = tls_->context();
    if (!context)
        return tl::unexpected(
            Error{context.error().code, "http.tls: " + context.error().message, context.error().retry});
    if (const auto why = why_not_current(context->terms(), ::time(nullptr)); !why.empty())
        spdlog::error("http.tls: {}: connections will fail", why);
    return {};
}

std::shared_ptr<boost::asio::ssl::context> HttpTls::context() const {
    if (!configured()) return nullptr;
    auto* const shared = tls_->context()->get();
    ::SSL_CTX_up_ref(shared);  // Asio's wrapper frees what it is given
    return std::make_shared<boost::asio::ssl::context>(shared);
}

Error handshake_failure(const boost::system::error_code& error, const SSL* tls) {
    if (error == boost::beast::error::timeout) return tls_timeout();
    if (error.category() != boost::asio::error::get_ssl_category()) return tls_closed();
    return tls_failure(static_cast<unsigned long>(error.value()), ::SSL_get_verify_result(tls),
                       error.message());
}

bool has_heard_from(const SSL* tls) {
    return ::BIO_number_read(::SSL_get_rbio(tls)) > 0;
}

}  // namespace hilum::monitor
