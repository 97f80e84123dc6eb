#include "pipeline/tls/certificate_watch.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/logging.h"
#include "base/tls/certificate_term.h"
#include "pipeline/wake_up.h"
#include "store/audit/audit_event.h"

namespace hilum {

CertificateWatch::CertificateWatch(World& world, EventKeeper& events)
    : world_(world), events_(events), timer_(world.make_timer()) {}

void CertificateWatch::note(const CertificatesLoaded& loaded) {
    auto& in_use = in_use_[loaded.use];
    in_use = loaded.certificates;
    if (!loaded.error.empty()) in_use.push_back({{"refused", "", "", 0, 0}, loaded.use, loaded.error});
    look();
    if (is_known(loaded)) return;
    if (!loaded.error.empty())
        spdlog::error("certificates of {}: {}", loggable(loaded.use), loggable(loaded.error));
    events_.keep("certificates_loaded", [loaded](Transaction& transaction) {
        audit::AuditEvent event;
        event.type = "certificates_loaded";
        event.actor = "hilum";
        event.outcome = loaded.error.empty() ? "success" : "failure";
        event.detail = {{"use", loaded.use}, {"certificates", loaded.certificates}};
        if (!loaded.error.empty()) event.detail["error"] = loaded.error;
        transaction.append_audit(event);
    });
}

// A start with what is in order, or one after another of a process that cannot start.
bool CertificateWatch::is_known(const CertificatesLoaded& loaded) {
    auto& refused = refused_at_start_[loaded.use];
    const bool same = loaded.error.empty() || loaded.error == refused;
    refused = loaded.error;
    return !loaded.reload && same;
}

std::vector<CertificateStatus> CertificateWatch::certificates() const {
    std::vector<CertificateStatus> all;
    for (const auto& [use, certificates] : in_use_)
        all.insert(all.end(), certificates.begin(), certificates.end());
    return all;
}

void CertificateWatch::look() {
    const auto seconds = to_microseconds(world_.now()) / 1'000'000;
    for (const auto& certificate : in_force(certificates(), seconds))
        if (const auto warning = term_warning(certificate, seconds); !warning.empty())
            spdlog::warn("{}: the {} {} of {} {}{}", loggable(certificate.use), kind_text(certificate.kind),
                         loggable(certificate.source), loggable(certificate.subject), warning,
                         certificate.not_before > seconds ? "" : ": renew it, then `systemctl reload hilum`");
    wake_up_after(*timer_, between_looks, [this] { look(); });
}

}  // namespace hilum
