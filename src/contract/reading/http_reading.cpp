#include "contract/reading/http_reading.h"

#include <algorithm>
#include <cctype>

#include "base/ip_network.h"
#include "contract/reading/setting_reading.h"
#include "contract/reading/tls_reading.h"

namespace hilum {
namespace {

void read_listen(YamlMapping& at, HttpSettings& http) {
    const auto listen = at.string("listen", fmt::format("{}:{}", http.address, http.port));
    if (listen == "none") {
        http.enabled = false;
        return;
    }
    const auto colon = listen.rfind(':');
    const auto port = colon == std::string::npos ? "" : listen.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
        std::stoi(port) > 65535) {
        at.problem("listen", "must be ADDRESS:PORT, or none");
    } else if (!IpAddress::parse(unbracketed(listen.substr(0, colon)))) {
        at.problem("listen", "must start with an address of this machine, such as 127.0.0.1 or [::1]");
    } else {
        http.address = unbracketed(listen.substr(0, colon));
        http.port = std::stoi(port);
    }
}

bool is_host_name(std::string_view name) {
    constexpr std::size_t longest = 253;
    return !name.empty() && name.size() <= longest && name.front() != '.' && name.back() != '.' &&
           std::ranges::all_of(name, [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
           });
}

void read_hosts(YamlMapping& at, HttpSettings& http) {
    for (auto name : at.strings("hosts")) {
        if (!is_host_name(name))
            at.problem("hosts",
                       fmt::format("'{}' is no name of a host; without a port, and no pattern", name));
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        http.hosts.push_back(std::move(name));
    }
}

void read_socket(YamlMapping& at, HttpSettings& http) {
    http.socket = socket_path(at, "socket");
    auto groups = at.mapping("socket_groups");
    std::vector<std::string_view> roles;
    for (const auto& [role, text] : enum_texts<AccessRole>) roles.push_back(text);
    for (const auto& group : groups.keys())
        if (const auto role = enum_from<AccessRole>(groups.choice(group, roles, std::nullopt)))
            http.socket_groups.push_back({group, *role});
    groups.finish();
    if (http.socket.empty() && !http.socket_groups.empty())
        at.problem("socket_groups", "is for who comes by http.socket, which is not set");
}

// Whether who listens at one has what comes to the other: "::" has IPv4 too.
bool share_addresses(const std::string& one, const std::string& other) {
    const auto first = IpAddress::parse(unbracketed(one)), second = IpAddress::parse(unbracketed(other));
    if (!first || !second) return false;
    const auto any = *IpAddress::parse("::"), any_ipv4 = *IpAddress::parse("0.0.0.0");
    const auto takes = [&](const IpAddress& all, const IpAddress& address) {
        return all == any || (all == any_ipv4 && address.is_ipv4());
    };
    return *first == *second || takes(*first, *second) || takes(*second, *first);
}

void check_apart(YamlMapping& at, const NodeSettings& node, const ScpSettings& scp,
                 const HttpSettings& http) {
    if (!http.socket.empty() && http.socket.lexically_normal() == node.control().lexically_normal())
        at.problem("socket", "is the control socket (node.control_socket): HTTP has one of its own");
    const bool dicom = (scp.plain && scp.port == http.port) || (scp.tls && scp.tls->port == http.port);
    if (http.enabled && http.port != 0 && dicom && share_addresses(http.address, scp.bind))
        at.problem("listen",
                   fmt::format("has port {}, on which scp receives: HTTP has a port of its own", http.port));
}

}  // namespace

void read_http(YamlMapping at, const std::filesystem::path& folder, Configuration& configuration) {
    auto& http = configuration.http;
    read_listen(at, http);
    http.max_body = at.size("max_body", http.max_body);
    http.tls = read_tls_server(at, folder);
    http.tokens = placed(at.string("tokens_file", ""), folder);
    if (!http.tokens.empty()) http.tokens_line = at.line();
    http.tokens_over_plain = at.boolean("tokens_over_plain", http.tokens_over_plain);
    read_hosts(at, http);
    read_socket(at, http);
    const auto address = IpAddress::parse(http.address);
    const bool elsewhere = http.enabled && address && !address->is_loopback();
    if (elsewhere && !http.tokens.empty() && !http.tls && !http.tokens_over_plain)
        at.problem(
            "tokens_file",
            fmt::format("would have tokens and patient data cross the network in the clear, since "
                        "http.listen is {}: add http.tls, or say tokens_over_plain: true where what is "
                        "before it encrypts",
                        http.address));
    check_apart(at, configuration.node, configuration.scp, http);
    at.finish();
}

}  // namespace hilum
