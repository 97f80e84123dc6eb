// Which certificate belongs to whom: "dns:pacs.hospital.example", "cn:PACS", "subject:CN=PACS,O=Hospital" or
// "sha256:" and its fingerprint.
#pragma once

#include <string>
#include <vector>

namespace hilum {

// Who the other side of a TLS connection is, from a certificate that was verified.
struct PeerCertificate {
    std::string subject;  // RFC 2253: "CN=PACS,O=Hospital"; what is not ASCII escaped
    std::vector<std::string> common_names, dns_names;
    std::string sha256;  // of the certificate, 64 lower-case digits
};

// What is wrong with it, in words; empty: it is a pattern.
std::string certificate_pattern_problem(const std::string& pattern);

// Names of hosts match in any case, everything else exactly; a fingerprint with or without colons. False for
// what is no pattern. A pattern is never a wildcard.
bool fits(const PeerCertificate& certificate, const std::string& pattern);
bool fits_any(const PeerCertificate& certificate, const std::vector<std::string>& patterns);

}  // namespace hilum
