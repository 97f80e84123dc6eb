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
};

// Of our own certificates: which is expired, or not valid yet, at `now` (seconds since 1970 UTC), in words.
// Empty: none.
std::string why_not_current(const std::vector<CertificateTerm>& terms, std::int64_t now);

// "expires in 6 days", "has EXPIRED 2 days ago", for an end that is at most 30 days off; else, and for one
// that never comes (0), empty.
std::string expiry_warning(std::int64_t not_after, std::int64_t now);

// "revocation list", for people.
std::string kind_text(const std::string& kind);

}  // namespace hilum
