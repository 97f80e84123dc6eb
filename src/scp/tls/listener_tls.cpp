#include "scp/tls/listener_tls.h"

#include <spdlog/spdlog.h>

#include <ctime>

namespace hilum::scp {

Result<ListenerTls> ListenerTls::open(const ScpSettings& settings) {
    ListenerTls tls;
    if (!settings.tls) return tls;
    tls.context_.emplace([&wanted = *settings.tls] { return TlsContext::server(wanted); });
    if (const auto& context = tls.context_->context(); !context)
        return tl::unexpected(
            Error{context.error().code, "scp.tls: " + context.error().message, context.error().retry});
    if (const auto why = why_not_current(tls.context().terms(), ::time(nullptr)); !why.empty())
        spdlog::error("scp.tls: {}: connections will fail", why);
    auto socket = ListeningSocket::open(settings, settings.tls->port, "scp.tls.port");
    if (!socket) return tl::unexpected(socket.error());
    tls.socket_ = std::move(*socket);
    return tls;
}

CertificatesLoaded ListenerTls::loaded() const {
    return loaded_for("scp", context_->context());
}

CertificatesLoaded ListenerTls::reload() {
    return reloaded_for("scp", *context_);
}

}  // namespace hilum::scp
