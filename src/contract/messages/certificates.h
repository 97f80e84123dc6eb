// The coordinator with the children that speak TLS (listener, senders, http): what they loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tls/reloadable_tls.h"
#include "contract/messages/packet.h"

namespace hilum {

// coordinator -> child, after a SIGHUP: load certificates, keys, authorities and lists of revoked ones anew.
// Connections that are open stay. Answered by CertificatesLoaded; none where the child speaks no TLS.
struct ReloadCertificates {
    static constexpr const char* type = "reload_certificates";
};

// Something that ends: of `kind` certificate, authority or revocation_list; or a `refused` load, with the
// error.
struct CertificateStatus : CertificateTerm {
    std::string use;  // "scp", "destination pacs", "http"
    std::string error;
};

// child -> coordinator, at its start, also at one that fails for them, and after each ReloadCertificates.
struct CertificatesLoaded {
    static constexpr const char* type = "certificates_loaded";
    std::string use;
    std::vector<CertificateStatus> certificates;  // in use now
    std::string error;  // what was loaded anew is no good, and why; what was in use before stays. Empty: none
    bool reload = false;
};

// Without the lists that another one of the same use stands in for (replaces()) at `now`, in seconds since
// 1970 UTC.
std::vector<CertificateStatus> in_force(const std::vector<CertificateStatus>& certificates, std::int64_t now);

// What a child tells of a context, or of why it has none.
CertificatesLoaded loaded_for(const std::string& use, const Result<TlsContext>& context);
// Loads it anew, and tells what came of that; into the log, too.
CertificatesLoaded reloaded_for(const std::string& use, ReloadableTls& tls);

HILUM_JSON(CertificateStatus)
HILUM_MESSAGE(ReloadCertificates)
HILUM_MESSAGE(CertificatesLoaded)

}  // namespace hilum
