#include "base/tls/certificate_term.h"

#include <fmt/format.h>

#include <algorithm>

namespace hilum {
namespace {

constexpr std::int64_t day = 86400, most_warned_before = 30 * day;  // seconds
constexpr const char* not_yet = "is not valid yet: check its dates and this machine's clock";

std::string days(std::int64_t seconds) {
    return seconds / day == 1 ? "1 day" : fmt::format("{} days", seconds / day);
}

bool is_list(const CertificateTerm& term) {
    return term.kind == "revocation_list";
}

// A list of one week would be warned of for all its life.
std::int64_t warned_before(const CertificateTerm& term) {
    return is_list(term) ? std::min(most_warned_before, (term.not_after - term.not_before) / 4)
                         : most_warned_before;
}

bool are_of_one_authority(const CertificateTerm& one, const CertificateTerm& other) {
    return is_list(one) && is_list(other) && one.subject == other.subject &&
           one.issuer_key == other.issuer_key;
}

std::string in_words(const CertificateTerm& term, std::int64_t now) {
    return fmt::format("{}: the {} of {} {}", term.source, kind_text(term.kind), term.subject,
                       term.not_before > now ? not_yet : "has expired");
}

// Our own certificates that are not current, and lists that nothing current stands in for.
std::vector<CertificateTerm> not_current(const std::vector<CertificateTerm>& terms, std::int64_t now) {
    std::vector<CertificateTerm> found;
    for (const auto& term : terms) {
        const bool counts = term.kind == "certificate" || is_list(term);
        if (counts && !is_current(term, now) && !is_replaced(term, terms, now)) found.push_back(term);
    }
    return found;
}

}  // namespace

bool is_current(const CertificateTerm& term, std::int64_t now) {
    return term.not_before <= now && (term.not_after == 0 || term.not_after > now);
}

bool replaces(const CertificateTerm& other, const CertificateTerm& list, std::int64_t now) {
    return are_of_one_authority(other, list) && is_current(other, now) &&
           (!is_current(list, now) || other.not_before > list.not_before);
}

bool is_replaced(const CertificateTerm& list, const std::vector<CertificateTerm>& terms, std::int64_t now) {
    return std::ranges::any_of(terms,
                               [&](const CertificateTerm& other) { return replaces(other, list, now); });
}

std::string why_not_current(const std::vector<CertificateTerm>& terms, std::int64_t now) {
    const auto found = not_current(terms, now);
    return found.empty() ? "" : in_words(found.front(), now);
}

std::string why_worse(const std::vector<CertificateTerm>& loaded, const std::vector<CertificateTerm>& in_use,
                      std::int64_t now) {
    const auto lacking = not_current(in_use, now);
    const auto are_in = [](const std::vector<CertificateTerm>& terms, const CertificateTerm& list) {
        return std::ranges::any_of(
            terms, [&](const CertificateTerm& one) { return are_of_one_authority(one, list); });
    };
    // Of an authority that had no list: what else is new may help others, whom what is in use refuses.
    const bool in_use_is_good = !in_use.empty() && lacking.empty();
    for (const auto& term : not_current(loaded, now))
        if (!is_list(term) || (are_in(in_use, term) ? !are_in(lacking, term) : in_use_is_good))
            return in_words(term, now);
    return {};
}

std::string term_warning(const CertificateTerm& term, std::int64_t now) {
    if (term.not_before > now) return not_yet;
    if (term.not_after == 0 || term.not_after - now > warned_before(term)) return {};
    return term.not_after <= now ? fmt::format("has EXPIRED {} ago", days(now - term.not_after))
                                 : fmt::format("expires in {}", days(term.not_after - now));
}

std::string kind_text(const std::string& kind) {
    auto text = kind;
    std::ranges::replace(text, '_', ' ');
    return text;
}

}  // namespace hilum
