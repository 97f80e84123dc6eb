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

}  // namespace

void read_http(YamlMapping at, const std::filesystem::path& folder, HttpSettings& http) {
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
    at.finish();
}

}  // namespace hilum
