#include "contract/messages/certificates.h"

#include <spdlog/spdlog.h>

#include <ctime>

#include "contract/define_json.h"

namespace hilum {

CertificatesLoaded loaded_for(const std::string& use, const Result<TlsContext>& context) {
    CertificatesLoaded loaded;
    loaded.use = use;
    if (!context) {
        loaded.error = context.error().message;
        return loaded;
    }
    for (const auto& term : context->terms())
        loaded.certificates.push_back({use, term.kind, term.source, term.subject, term.not_after, ""});
    return loaded;
}

CertificatesLoaded reloaded_for(const std::string& use, ReloadableTls& tls) {
    const auto done = tls.reload(::time(nullptr));
    auto loaded = loaded_for(use, tls.context());
    loaded.reload = true;
    if (done) {
        spdlog::info("{}: certificates are loaded anew", use);
        return loaded;
    }
    loaded.error = done.error().message;
    spdlog::error("{}: {}; {}", use, loaded.error,
                  tls.context() ? "what was loaded before stays in use" : "nothing was loaded before either");
    return loaded;
}

HILUM_JSON_MEMBERS(CertificateStatus, use, kind, source, subject, not_after, error)
HILUM_EMPTY_MESSAGE(ReloadCertificates)
HILUM_MESSAGE_MEMBERS(CertificatesLoaded, use, certificates, error, reload)

}  // namespace hilum
