// How long certificates and lists of revoked ones are good for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hilum {

// The validity of something that ends: our own certificate or one of its chain, an authority, or a list of
// what was revoked.
struct CertificateTerm {
    std::string kind;                            // "certificate", "authority", "revocation_list"
    std::string source;                          // as the configuration names it
    std::string subject;                         // of a list: its issuer
    std::int64_t not_before = 0, not_after = 0;  // seconds since 1970 UTC; a list without a next update: 0
    std::string issuer_key =
        {};  // of a list: by which key, and of which part of all, in hex where it says so
};

// `now` is in seconds since 1970 UTC, here and below.
bool is_current(const CertificateTerm& term, std::int64_t now);

// Whether `list` counts for nothing at `now`, since `other` is a list of the same authority and key that
// does: where old and new ones lie in one file.
bool replaces(const CertificateTerm& other, const CertificateTerm& list, std::int64_t now);

// Whether one of `terms` replaces it.
bool is_replaced(const CertificateTerm& list, const std::vector<CertificateTerm>& terms, std::int64_t now);

// Which of our own certificates has expired, or is not valid yet, or of which authority there are lists and
// none that counts, in words. Empty: none.
std::string why_not_current(const std::vector<CertificateTerm>& terms, std::int64_t now);

// The same of `loaded`, where it would be worse than what is `in_use` (empty: nothing is). A list that does
// not count is no worse where none of that authority in use does, or where there is none of it in use and
// other things in use do not count: what is beside it may be needed.
std::string why_worse(const std::vector<CertificateTerm>& loaded, const std::vector<CertificateTerm>& in_use,
                      std::int64_t now);

// "expires in 6 days", "has EXPIRED 2 days ago", "is not valid yet: ..."; else empty. An end is told from 30
// days before it on, that of a list in the last quarter of its life, if that is less; one that never comes
// (0), never.
std::string term_warning(const CertificateTerm& term, std::int64_t now);

// "revocation list", for people.
std::string kind_text(const std::string& kind);

}  // namespace hilum
