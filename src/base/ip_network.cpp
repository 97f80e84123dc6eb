#include "base/ip_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/file_system.h"

namespace hilum {
namespace {

constexpr std::array<std::uint8_t, 12> ipv4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);
    IpAddress address;
    if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) return address;
    std::copy(ipv4_prefix.begin(), ipv4_prefix.end(), address.bytes_.begin());
    if (::inet_pton(AF_INET, terminated.c_str(), address.bytes_.data() + ipv4_prefix.size()) == 1)
        return address;
    return fail("invalid_address", "\"{}\" is not an IPv4 or IPv6 address", terminated);
}

Result<IpAddress> IpAddress::of(const sockaddr_storage& storage) {
    IpAddress address;
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, &storage, sizeof ipv6);
        std::memcpy(address.bytes_.data(), &ipv6.sin6_addr, address.bytes_.size());
        return address;
    }
    if (storage.ss_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, &storage, sizeof ipv4);
        std::copy(ipv4_prefix.begin(), ipv4_prefix.end(), address.bytes_.begin());
        std::memcpy(address.bytes_.data() + ipv4_prefix.size(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
        return address;
    }
    return fail("invalid_address", "an address of family {} is no IP address", storage.ss_family);
}

Result<IpAddress> IpAddress::of_peer(int socket) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
        return tl::unexpected(system_error(errno, "cannot tell the peer's address"));
    return of(storage);
}

bool IpAddress::is_ipv4() const {
    return std::equal(ipv4_prefix.begin(), ipv4_prefix.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const {
    if (is_ipv4()) return bytes_[ipv4_prefix.size()] == 127;
    return bytes_ == std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

IpAddress IpAddress::subnet() const {
    if (is_ipv4() || is_loopback()) return *this;
    IpAddress subnet = *this;
    std::fill(subnet.bytes_.begin() + 8, subnet.bytes_.end(), std::uint8_t{0});
    return subnet;
}

std::string IpAddress::text() const {
    char buffer[INET6_ADDRSTRLEN];
    const bool ipv4 = is_ipv4();
    ::inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes_.data() + (ipv4 ? ipv4_prefix.size() : 0), buffer,
                sizeof buffer);
    return buffer;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address)
        return fail("invalid_network", "\"{}\" is not an IP address or a network such as 10.1.0.0/16", text);
    IpNetwork network;
    network.address_ = *address;
    if (slash == std::string_view::npos) return network;

    const int bits = address->is_ipv4() ? 32 : 128;
    const auto digits = text.substr(slash + 1);
    int prefix = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 || prefix > bits)
        return fail("invalid_network", "the prefix length of \"{}\" is not a number from 0 to {}", text,
                    bits);
    network.prefix_ = prefix + 128 - bits;
    return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
    const auto whole = static_cast<std::size_t>(prefix_ / 8);
    const auto& ours = address_.bytes_;
    const auto& theirs = address.bytes_;
    if (!std::equal(ours.begin(), ours.begin() + whole, theirs.begin())) return false;
    const int rest = prefix_ % 8;
    return rest == 0 || ((ours[whole] ^ theirs[whole]) >> (8 - rest)) == 0;
}

}  // namespace hilum
