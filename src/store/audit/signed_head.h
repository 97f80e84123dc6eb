// A signed head of the audit trail: which event was its newest at a time, and the digest of that event, which
// covers all before it (audit_event.h). Kept where who can rewrite the database cannot: in the journal and
// wherever that is sent. `hilum audit verify --against` compares.
#pragma once

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/signing/ed25519.h"

namespace hilum::audit {

struct SignedHead {
    std::int64_t event = 0;  // the newest
    std::string hash;        // its chain_hash
    std::string at;          // when it was signed, ISO 8601 in UTC
    std::string key;         // fingerprint of the signer's key
    std::string signature;   // Ed25519 of statement_of(), 128 lower-case hexadecimal digits
    auto operator<=>(const SignedHead&) const = default;
};

// What is signed: all members but the last, a line each, after a line that says what this is.
std::string statement_of(const SignedHead& head);

SignedHead sign_head(std::int64_t event, const std::string& hash, const std::string& at,
                     const SigningKey& key);
bool is_signed_by(const SignedHead& head, const VerificationKey& key);

// JSON in one line, for a log: {"audit_head": {...}}.
std::string line_of(const SignedHead& head);

// All heads in a log, or in whatever else holds lines of line_of(): also as strings within JSON (a journal's
// export), and among the bytes of a DICOM file that is not deflated. Reads to the end or a failure; takes
// little memory, however large it is.
std::vector<SignedHead> heads_in(std::istream& bytes);

}  // namespace hilum::audit
