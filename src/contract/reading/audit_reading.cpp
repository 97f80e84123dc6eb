#include "contract/reading/audit_reading.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "contract/reading/setting_reading.h"
#include "contract/reading/tls_reading.h"

namespace hilum {
namespace {

// RFC 5424 table 1, by the words of syslog.conf(5), in their order; 12 to 15 have none.
constexpr std::array<std::string_view, 24> facilities{
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "",       "",       "",       "",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

int facility(YamlMapping& at, int fallback) {
    std::vector<std::string_view> allowed;
    for (const auto& word : facilities)
        if (!word.empty()) allowed.push_back(word);
    const auto word =
        at.choice("facility", allowed, std::string(facilities[static_cast<std::size_t>(fallback)]));
    const auto* const found = std::ranges::find(facilities, word);
    return found == facilities.end() || word.empty() ? fallback
                                                     : static_cast<int>(found - facilities.begin());
}

SyslogSettings read_server(YamlMapping& at, const std::filesystem::path& folder) {
    SyslogSettings server;
    server.name = at.string("name");
    server.host = host_name(at, "host");
    server.protocol = choice(at, "protocol", server.protocol);
    const bool tls = server.protocol == SyslogProtocol::tls,
               datagrams = server.protocol == SyslogProtocol::udp;
    server.port = static_cast<int>(at.integer("port", tls ? 6514 : 514, 1, 65535));
    const auto block = read_tls_client(at, folder);
    if (block && !tls) at.problem("tls", "is for servers whose protocol is tls");
    if (block) server.tls = *block;
    server.facility = facility(at, server.facility);
    server.enterprise_site = at.string("enterprise_site", server.enterprise_site);
    server.source = at.string("source", server.source);
    server.max_message = at.size("max_message", server.max_message);
    if (server.max_message < 8192) at.problem("max_message", "must be at least 8KiB");
    if (datagrams && server.max_message > largest_datagram)
        at.problem("max_message", fmt::format("must be at most {} for udp", largest_datagram));
    if (server.max_message > 1 << 20) at.problem("max_message", "must be at most 1MiB");
    server.timeout = positive_duration(at, "timeout", server.timeout);
    server.first_delay = positive_duration(at, "first_delay", server.first_delay);
    server.longest_delay = positive_duration(at, "longest_delay", server.longest_delay);
    at.finish();
    return server;
}

void read_signing(YamlMapping sign, const std::filesystem::path& folder, AuditSigning& signing) {
    if (stands_empty(sign, "key")) sign.problem("key", "is empty: leave it out, or name a file");
    if (sign.has("key")) signing.key = placed(sign.string("key"), folder);
    signing.every = positive_duration(sign, "every", signing.every);
    signing.in_reports = sign.boolean("in_reports", signing.in_reports);
    if ((sign.has("every") || signing.in_reports) && signing.key.empty()) sign.problem("key", "is missing");
    sign.finish();
}

}  // namespace

void read_audit(YamlMapping at, const std::filesystem::path& folder, const NodeSettings& node,
                AuditSettings& audit) {
    audit.keep = positive_or_none(at, "keep", audit.keep);
    if (at.has("keep_unsent")) audit.keep_unsent = positive_or_none(at, "keep_unsent", std::nullopt);
    if (audit.keep_unsent && (!audit.keep || *audit.keep_unsent < *audit.keep))
        at.problem("keep_unsent", "must not be shorter than audit.keep");
    read_signing(at.mapping("sign"), folder, audit.signing);
    std::set<std::string> names;
    for (auto& one : at.mappings("syslog")) {
        auto server = read_server(one, folder);
        if (!names.insert(server.name).second) one.problem("name", "another server has this name too");
        if (server.source.empty()) server.source = node.ae_title;
        audit.syslog.push_back(std::move(server));
    }
    if (!audit.signing.key.empty() && audit.syslog.empty() && !audit.signing.in_reports &&
        node.log_level != "info" && node.log_level != "debug")
        at.problem("sign",
                   fmt::format("writes its heads into the log at level info, which node.log_level: {} "
                               "leaves out; set that to info or debug, or in_reports",
                               node.log_level));
    at.finish();
}

}  // namespace hilum
