#include "base/tls/certificate_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace hilum {
namespace {

constexpr std::size_t sha256_digits = 64;

struct Pattern {
    std::string kind, value;
};

Pattern pattern_of(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) return {"", text};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string in_lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string fingerprint_of(std::string text) {
    std::erase(text, ':');
    return in_lower_case(std::move(text));
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

}  // namespace

std::string certificate_pattern_problem(const std::string& text) {
    const auto [kind, value] = pattern_of(text);
    if (kind != "dns" && kind != "cn" && kind != "subject" && kind != "sha256")
        return fmt::format(
            "'{}' names no certificate: write dns:NAME, cn:NAME, subject:NAME or sha256:FINGERPRINT", text);
    if (value.empty()) return fmt::format("'{}' has nothing behind the colon", text);
    const auto digits = fingerprint_of(value);
    if (kind == "sha256" &&
        (digits.size() != sha256_digits ||
         !std::ranges::all_of(digits, [](unsigned char c) { return std::isxdigit(c) != 0; })))
        return fmt::format(
            "'{}' is no SHA-256 fingerprint, which has 64 hexadecimal digits; `openssl x509 -noout -sha256 "
            "-fingerprint -in FILE` prints it",
            text);
    return {};
}

bool fits(const PeerCertificate& certificate, const std::string& text) {
    const auto [kind, value] = pattern_of(text);
    if (value.empty()) return false;
    if (kind == "sha256") return certificate.sha256 == fingerprint_of(value);
    if (kind == "subject") return certificate.subject == value;
    if (kind == "cn") return contains(certificate.common_names, value);
    return kind == "dns" && std::ranges::any_of(certificate.dns_names,
                                                [wanted = in_lower_case(value)](const std::string& name) {
                                                    return in_lower_case(name) == wanted;
                                                });
}

bool fits_any(const PeerCertificate& certificate, const std::vector<std::string>& patterns) {
    return std::ranges::any_of(patterns, [&](const auto& pattern) { return fits(certificate, pattern); });
}

}  // namespace hilum
