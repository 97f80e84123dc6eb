#include "base/tls/certificate_term.h"

#include <fmt/format.h>

#include <algorithm>

namespace hilum {
namespace {

constexpr std::int64_t day = 86400, warned_before = 30 * day;  // seconds

std::string days(std::int64_t seconds) {
    return seconds / day == 1 ? "1 day" : fmt::format("{} days", seconds / day);
}

}  // namespace

std::string why_not_current(const std::vector<CertificateTerm>& terms, std::int64_t now) {
    for (const auto& term : terms) {
        if (term.kind != "certificate") continue;
        if (term.not_after <= now)
            return fmt::format("{}: the certificate of {} has expired", term.source, term.subject);
        if (term.not_before > now)
            return fmt::format(
                "{}: the certificate of {} is not valid yet: check its dates and this machine's clock",
                term.source, term.subject);
    }
    return {};
}

std::string expiry_warning(std::int64_t not_after, std::int64_t now) {
    if (not_after == 0 || not_after - now > warned_before) return {};
    return not_after <= now ? fmt::format("has EXPIRED {} ago", days(now - not_after))
                            : fmt::format("expires in {}", days(not_after - now));
}

std::string kind_text(const std::string& kind) {
    auto text = kind;
    std::ranges::replace(text, '_', ' ');
    return text;
}

}  // namespace hilum
