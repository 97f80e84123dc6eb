// IP addresses and networks as configuration writes them: "10.1.0.5", "10.1.0.0/16", "2001:db8::/32".
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hilum {

// An IPv4 address is held as the IPv6 address that maps it, so that a peer is the same whichever socket it
// came to.
class IpAddress {
  public:
    static Result<IpAddress> parse(std::string_view text);         // code "invalid_address"
    static Result<IpAddress> of_peer(int socket);                  // getpeername(2)
    static Result<IpAddress> of(const sockaddr_storage& address);  // IPv4 or IPv6

    std::string text() const;  // numeric; an IPv4 address in its own form
    bool is_ipv4() const;
    bool is_loopback() const;  // 127.0.0.0/8 or ::1
    bool operator==(const IpAddress&) const = default;
    bool operator<(const IpAddress& other) const { return bytes_ < other.bytes_; }

    // What one host may choose its addresses from: of an IPv6 address the first 64 bits, with zeros after
    // them (RFC 4291 2.5.4); an IPv4 address itself.
    IpAddress subnet() const;

  private:
    friend class IpNetwork;
    std::array<std::uint8_t, 16> bytes_{};
};

class IpNetwork {
  public:
    // An address, or an address and a prefix length. Code "invalid_network".
    static Result<IpNetwork> parse(std::string_view text);

    bool contains(const IpAddress& address) const;
    bool is_one_address() const { return prefix_ == 128; }

  private:
    IpAddress address_;
    int prefix_ = 128;  // bits of the mapped form
};

}  // namespace hilum
