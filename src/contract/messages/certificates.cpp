#include "contract/messages/certificates.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>
#include <iterator>

#include "contract/define_json.h"

namespace hilum {

CertificatesLoaded loaded_for(const std::string& use, const Result<TlsContext>& context) {
    CertificatesLoaded loaded;
    loaded.use = use;
    if (!context) {
        loaded.error = context.error().message;
        return loaded;
    }
    for (const auto& term : context->terms()) loaded.certificates.push_back({term, use, ""});
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

std::vector<CertificateStatus> in_force(const std::vector<CertificateStatus>& certificates,
                                        std::int64_t now) {
    std::vector<CertificateStatus> counting;
    std::ranges::copy_if(certificates, std::back_inserter(counting),
                         [&](const CertificateStatus& certificate) {
                             return std::ranges::none_of(certificates, [&](const CertificateStatus& other) {
                                 return other.use == certificate.use && replaces(other, certificate, now);
                             });
                         });
    return counting;
}

HILUM_JSON_MEMBERS(CertificateStatus, use, kind, source, subject, not_before, not_after, issuer_key, error)
HILUM_EMPTY_MESSAGE(ReloadCertificates)
HILUM_MESSAGE_MEMBERS(CertificatesLoaded, use, certificates, error, reload)

}  // namespace hilum
