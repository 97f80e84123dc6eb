#include "pipeline/surroundings.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>

#include "base/ip_network.h"
#include "base/local/unix_socket.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

// Names that need no name server: nobody waits for one to check a file.
bool is_own_name(const std::string& host) {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return host == "localhost" || host == name.data();
}

bool is_own_address(const IpAddress& address) {
    if (IpNetwork::parse("127.0.0.0/8")->contains(address) || address == *IpAddress::parse("::1"))
        return true;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return false;
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(first, &::freeifaddrs);
    for (const auto* one = first; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) continue;
        const bool is_4 = one->ifa_addr->sa_family == AF_INET;
        if (!is_4 && one->ifa_addr->sa_family != AF_INET6) continue;
        sockaddr_storage storage{};
        std::memcpy(&storage, one->ifa_addr, is_4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        if (const auto own = IpAddress::of(storage); own && *own == address) return true;
    }
    return false;
}

bool is_this_machine(const std::string& host) {
    const auto address = IpAddress::parse(host);
    return address ? is_own_address(*address) : is_own_name(host);
}

// Whether a daemon listens on the control socket, as far as this user can tell. One that hangs has a full
// queue of connections.
bool runs(const std::filesystem::path& socket_file) {
    const auto address = unix_address(socket_file);
    if (!address) return false;
    const UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return fd && (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 ||
                  errno == EAGAIN || errno == EACCES || errno == EPERM);
}

std::string why_no_port(const std::string& text, int port) {
    const auto address = IpAddress::parse(text);
    if (port == 0 || !address) return {};
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_in6);
    if (address->is_ipv4()) {
        auto& to = reinterpret_cast<sockaddr_in&>(storage);
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        ::inet_pton(AF_INET, text.c_str(), &to.sin_addr);
        size = sizeof(sockaddr_in);
    } else {
        auto& to = reinterpret_cast<sockaddr_in6&>(storage);
        to.sin6_family = AF_INET6;
        to.sin6_port = htons(static_cast<std::uint16_t>(port));
        ::inet_pton(AF_INET6, text.c_str(), &to.sin6_addr);
    }
    const UniqueFd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return {};
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0) return {};
    if (errno == EADDRINUSE) return fmt::format("port {} is in use by another program", port);
    if (errno == EADDRNOTAVAIL) return fmt::format("{} is no address of this machine", text);
    return {};  // a port below 1024, which the service may open and this user may not
}

}  // namespace

std::optional<Duration> parse_systemd_span(std::string_view text) {
    static const std::map<std::string_view, Duration> units = {
        {"", std::chrono::seconds(1)},        {"s", std::chrono::seconds(1)},
        {"sec", std::chrono::seconds(1)},     {"second", std::chrono::seconds(1)},
        {"seconds", std::chrono::seconds(1)}, {"m", std::chrono::minutes(1)},
        {"min", std::chrono::minutes(1)},     {"minute", std::chrono::minutes(1)},
        {"minutes", std::chrono::minutes(1)}, {"h", std::chrono::hours(1)},
        {"hr", std::chrono::hours(1)},        {"hour", std::chrono::hours(1)},
        {"hours", std::chrono::hours(1)},     {"ms", std::chrono::milliseconds(1)},
        {"us", std::chrono::microseconds(1)}};
    constexpr std::string_view blanks = " \t\r";
    Duration sum{};
    bool any = false;
    while (!text.empty()) {
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        if (text.empty()) break;
        double number = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (error != std::errc() || number < 0 || number > 1e9) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        const auto name = text.substr(0, text.find_first_of(" \t\r0123456789"));
        const auto unit = units.find(name);
        if (unit == units.end()) return std::nullopt;
        text.remove_prefix(name.size());
        sum += std::chrono::duration_cast<Duration>(number *
                                                    std::chrono::duration<double, std::micro>(unit->second));
        any = true;
    }
    return any ? std::optional(sum) : std::nullopt;
}

std::optional<Surroundings::StopTimeout> stop_timeout_of_unit(const ServiceUnit& unit) {
    constexpr Duration usual = std::chrono::seconds(90);  // systemd-system.conf(5), DefaultTimeoutStopSec
    std::optional<Surroundings::StopTimeout> timeout{{usual, unit.file}};
    for (const auto& setting : unit.settings) {
        if (setting.name != "TimeoutStopSec" && setting.name != "TimeoutSec") continue;
        const auto span = parse_systemd_span(setting.value);
        timeout = span && span->count() > 0 ? std::optional(Surroundings::StopTimeout{*span, setting.file})
                                            : std::nullopt;
    }
    return timeout;
}

Surroundings surroundings_on_this_machine(const std::filesystem::path& control_socket) {
    Surroundings surroundings{is_this_machine, why_no_port, std::nullopt,
                              [](const std::string& group) { return group_id(group).has_value(); }};
    if (const auto unit = read_service_unit("/", "hilum.service")) {
        surroundings.stop_timeout = stop_timeout_of_unit(*unit);
        surroundings.sandbox.emplace(*unit);
    }
    if (runs(control_socket))
        surroundings.why_no_port = [](const std::string&, int) { return std::string(); };
    return surroundings;
}

}  // namespace hilum
