// The HTTP connections that are open: how many there may be of whom, and which gives way when there are too
// many. One that waits for its client, or whose client reads nothing, gives way to one that comes, so that no
// number of slow clients keeps a health probe out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/ip_network.h"

namespace hilum::monitor {

struct ConnectionLimits {
    int all = 256;
    int kept_for_loopback = 32;  // of these: probes and a reverse proxy on this machine
    int per_address = 64;        // of IPv6 per subnet
};

class ConnectionTable {
  public:
    using Id = std::uint64_t;

    explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}

    // Makes room for one of `address`, and counts it. `close` ends the connection, which then is remove()d
    // later or at once; it is called where the connection has to give way. None: there is no room.
    std::optional<Id> add(const IpAddress& address, std::function<void()> close);
    void remove(Id id);

    // Whether the connection waits for its client, and so may have to give way.
    void set_waiting(Id id, bool waits);

    int size() const { return static_cast<int>(open_.size()); }

  private:
    struct Open {
        IpAddress address;
        std::function<void()> close;
        bool waits = true;
    };
    using Position = std::map<Id, Open>::iterator;
    int count_of(const IpAddress& address) const;
    int count_of_others() const;  // than loopback
    Position oldest_waiting(const IpAddress& address);
    Position oldest_of_the_most(const IpAddress& address);

    ConnectionLimits limits_;
    std::map<Id, Open> open_;  // in the order of their coming
    Id last_ = 0;
};

}  // namespace hilum::monitor
