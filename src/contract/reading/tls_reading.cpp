#include "contract/reading/tls_reading.h"

#include "base/tls/certificate_pattern.h"
#include "base/tls/pem_source.h"
#include "contract/enum_text.h"
#include "contract/reading/setting_reading.h"

namespace hilum {

template <>
inline constexpr auto enum_texts<ClientCertificates> = texts_of_enum<ClientCertificates>({
    {ClientCertificates::none, "none"},
    {ClientCertificates::optional, "optional"},
    {ClientCertificates::required, "required"},
});

PemSource placed(const std::string& source, const std::filesystem::path& folder) {
    if (source.empty() || is_credential(source)) return source;
    return (folder / source).string();
}

namespace {

void read_tls_files(YamlMapping& at, const std::filesystem::path& folder, TlsSettings& tls) {
    tls.line = at.line();
    tls.certificate = placed(at.string("certificate", ""), folder);
    tls.key = placed(at.string("key", ""), folder);
    tls.authorities = placed(at.string("ca", ""), folder);
    for (const auto& list : restriction(at, "crl", EmptyList::is_none))
        tls.revoked.push_back(placed(list, folder));
    tls.minimum_version = at.choice("minimum_version", {"1.2", "1.3"}, tls.minimum_version);
    if (tls.certificate.empty() != tls.key.empty())
        at.problem(tls.key.empty() ? "key" : "certificate",
                   "is missing: a certificate and its key belong together");
}

TlsServerSettings server_settings(YamlMapping& at, const std::filesystem::path& folder,
                                  ClientCertificates usual) {
    TlsServerSettings tls;
    read_tls_files(at, folder, tls);
    tls.client_certificates = choice(at, "client_certificates", usual);
    const bool asks = tls.client_certificates != ClientCertificates::none;
    if (tls.certificate.empty() && tls.key.empty())
        at.problem("certificate", "is missing: who connects has to see whom it reached");
    if (asks && tls.authorities.empty())
        at.problem(
            "ca",
            "is missing: it says who signs the callers' certificates; or set client_certificates to none");
    if (!asks && (!tls.authorities.empty() || !tls.revoked.empty()))
        at.problem(tls.authorities.empty() ? "crl" : "ca",
                   "has no use while client_certificates is none: no caller is asked for a certificate");
    return tls;
}

std::vector<std::string> certificate_patterns(YamlMapping& at, const std::string& key) {
    auto patterns = restriction(at, key);
    for (const auto& pattern : patterns)
        if (const auto wrong = certificate_pattern_problem(pattern); !wrong.empty()) at.problem(key, wrong);
    return patterns;
}

// An empty block must not be taken for none: who wrote it does not want to speak plainly.
std::optional<YamlMapping> tls_block(YamlMapping& at) {
    if (at.has("tls")) return at.mapping("tls");
    if (stands_empty(at, "tls")) at.problem("tls", "is empty: leave it out, or write tls: {}");
    (void)at.mapping("tls");
    return std::nullopt;
}

}  // namespace

void read_scp_ports(YamlMapping& at, const std::filesystem::path& folder, ScpSettings& scp) {
    scp.plain = at.string("port", std::to_string(scp.port)) != "none";
    if (scp.plain) scp.port = static_cast<int>(at.integer("port", scp.port, 0, 65535));
    if (auto block = tls_block(at)) {
        auto& tls = scp.tls.emplace();
        static_cast<TlsServerSettings&>(tls) = server_settings(*block, folder, tls.client_certificates);
        tls.port = static_cast<int>(block->integer("port", tls.port, 0, 65535));
        if (scp.plain && tls.port != 0 && tls.port == scp.port)
            block->problem("port", "is scp.port too: plain DICOM and TLS need a port each");
        block->finish();
    }
    if (!scp.plain && !scp.tls)
        at.problem("port", "is none, and there is no scp.tls: nothing could be received");
}

void read_certificates(YamlMapping& at, const ScpSettings& scp, AcceptedCaller& caller) {
    caller.certificates = certificate_patterns(at, "certificates");
    if (caller.certificates.empty()) return;
    if (!scp.tls || scp.tls->client_certificates == ClientCertificates::none)
        at.problem(
            "certificates",
            "needs scp.tls with client_certificates required or optional: nobody else shows a certificate");
}

std::optional<TlsClientSettings> read_tls_client(YamlMapping& at, const std::filesystem::path& folder) {
    auto block = tls_block(at);
    if (!block) return std::nullopt;
    TlsClientSettings tls;
    read_tls_files(*block, folder, tls);
    if (tls.authorities.empty() && (block->has("ca") || stands_empty(*block, "ca")))
        block->problem("ca", "is empty: leave it out for the system's authorities, or name a file");
    tls.server_name = block->string("server_name", "");
    tls.expect = certificate_patterns(*block, "expect");
    if (!tls.expect.empty() && !tls.server_name.empty())
        block->problem("expect", "replaces the check of the name: give server_name or expect, not both");
    block->finish();
    return tls;
}

std::optional<TlsServerSettings> read_tls_server(YamlMapping& at, const std::filesystem::path& folder) {
    auto block = tls_block(at);
    if (!block) return std::nullopt;
    auto tls = server_settings(*block, folder, ClientCertificates::none);
    block->finish();
    return tls;
}

}  // namespace hilum
