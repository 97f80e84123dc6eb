#include "pipeline/tls/tls_check.h"

#include <ctime>
#include <functional>

#include "base/signing/ed25519.h"
#include "base/tls/certificate_check.h"
#include "base/tls/pem_source.h"
#include "contract/access/access_tokens.h"

namespace hilum {
namespace {

using Visit = std::function<void(const std::string& key, const TlsSettings&, TlsSide,
                                 const std::function<Result<TlsContext>()>&)>;

void each_block(const Configuration& configuration, const Visit& visit) {
    if (const auto& tls = configuration.scp.tls)
        visit("scp.tls", *tls, TlsSide::server, [&] { return TlsContext::server(*tls); });
    if (const auto& tls = configuration.http.tls)
        visit("http.tls", *tls, TlsSide::server, [&] { return TlsContext::server(*tls); });
    for (std::size_t i = 0; i < configuration.destinations.size(); ++i)
        if (const auto& tls = configuration.destinations[i].tls)
            visit(fmt::format("destinations[{}].tls", i), *tls, TlsSide::client,
                  [&] { return TlsContext::client(*tls); });
    const auto& servers = configuration.audit.syslog;
    for (std::size_t i = 0; i < servers.size(); ++i)
        if (servers[i].protocol == SyslogProtocol::tls)
            visit(fmt::format("audit.syslog[{}].tls", i), servers[i].tls, TlsSide::client,
                  [&, i] { return TlsContext::client(servers[i].tls); });
}

// Who checks may be another user than the service's, or outside of its unit.
bool is_unknown_here(const Error& error) {
    return error.code == "credential" || error.code == "denied";
}

TlsFindings findings_of(const Error& error, ConfigurationProblem at) {
    const bool unknown = is_unknown_here(error);
    at.message = error.message + (unknown ? "; it is not checked" : "");
    TlsFindings findings;
    (unknown ? findings.unchecked : findings.problems).push_back(std::move(at));
    return findings;
}

TlsFindings check_tls(const Configuration& configuration, const std::filesystem::path& file) {
    TlsFindings findings;
    each_block(configuration, [&](const auto& key, const auto& settings, TlsSide side, const auto& load) {
        const auto note = [&](ConfigurationProblems& into, const std::string& message) {
            into.push_back({file.string(), settings.line, key, message});
        };
        const auto context = load();
        if (context) {
            for (const auto& doubt : doubts_about(*context, side, ::time(nullptr)))
                note(findings.warnings, doubt);
            if (const auto why = why_worse(context->terms(), {}, ::time(nullptr)); !why.empty())
                note(findings.not_current, why);
        } else {
            const bool unknown = is_unknown_here(context.error());
            note(unknown ? findings.unchecked : findings.problems,
                 context.error().message + (unknown ? "; it is not checked" : ""));
        }
    });
    return findings;
}

TlsFindings check_tokens(const HttpSettings& http, const std::filesystem::path& file) {
    if (http.tokens.empty()) return {};
    const auto tokens = AccessTokens::read(http.tokens);
    if (tokens) return {};
    return findings_of(tokens.error(), {file.string(), http.tokens_line, "http.tokens_file", ""});
}

TlsFindings check_audit_key(const AuditSigning& signing, const std::filesystem::path& file) {
    if (signing.key.empty()) return {};
    const auto key = SigningKey::read(signing.key);
    return key ? TlsFindings() : findings_of(key.error(), {file.string(), 0, "audit.sign.key", ""});
}

}  // namespace

TlsFindings check_secrets(const Configuration& configuration, const std::filesystem::path& file) {
    TlsFindings all = check_tls(configuration, file);
    for (auto& more :
         {check_tokens(configuration.http, file), check_audit_key(configuration.audit.signing, file)}) {
        all.problems.insert(all.problems.end(), more.problems.begin(), more.problems.end());
        all.unchecked.insert(all.unchecked.end(), more.unchecked.begin(), more.unchecked.end());
    }
    return all;
}

std::vector<std::pair<std::string, std::filesystem::path>> secret_files(const Configuration& configuration) {
    std::vector<std::pair<std::string, std::filesystem::path>> files;
    each_block(configuration, [&](const auto& key, const auto& settings, TlsSide, const auto&) {
        const auto add = [&](const char* name, const PemSource& source) {
            if (!source.empty() && !is_credential(source)) files.emplace_back(key + "." + name, source);
        };
        add("certificate", settings.certificate);
        add("key", settings.key);
        add("ca", settings.authorities);
        for (const auto& list : settings.revoked) add("crl", list);
    });
    const auto add = [&files](const char* key, const PemSource& source) {
        if (!source.empty() && !is_credential(source)) files.emplace_back(key, source);
    };
    add("http.tokens_file", configuration.http.tokens);
    add("audit.sign.key", configuration.audit.signing.key);
    return files;
}

}  // namespace hilum
