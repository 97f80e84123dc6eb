// The connections that wait until they ask for an association: how many there may be of whom, which gives way
// when there are too many, and whose turn it is to get a receiver. Whoever has not asked yet costs a
// descriptor and no process, and gives way first, so that silence shuts nobody out.
#pragma once

#include <poll.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_network.h"
#include "base/limits/rate_limiter.h"
#include "base/unique_fd.h"
#include "contract/configuration.h"
#include "contract/messages/receiving.h"
#include "scp/admission/request_glance.h"
#include "scp/association_policy.h"

namespace hilum::scp {

struct AdmissionLimits {
    int connections = 0;           // of listed addresses together, those with a receiver included
    int kept_for_named = 0;        // of these, for hosts that scp.accept names one by one
    int per_address = 0;           // of these, for one address
    int unlisted = 0;              // of unlisted addresses together, beside the others
    int unlisted_per_address = 0;  // of these
    Duration time_to_ask{};        // from the connection to its A-ASSOCIATE-RQ
};

// `most` connections of listed addresses are possible at all.
AdmissionLimits admission_limits(const ScpSettings& settings, const AssociationPolicy& policy, int most);

class WaitingRoom {
  public:
    // Whom a connection counts for.
    struct Guest {
        IpAddress address;  // or its subnet, where anybody may come: see IpAddress::subnet
        std::string peer;   // numeric, for people
        Standing standing = Standing::unlisted;
    };
    struct Asking {
        UniqueFd connection;
        Guest guest;
        Opening opening;
        MonotonicTime until;  // its request has to be there
    };
    struct Closed {
        std::string peer;
        ConnectionClosing why;
    };

    explicit WaitingRoom(const AdmissionLimits& limits) : limits_(limits) {}

    // Each returns the connections that it closed, whether the one that came or others.
    std::vector<Closed> enter(UniqueFd connection, Guest guest, Opening opening, MonotonicTime now);
    std::vector<Closed> look(const std::vector<pollfd>& polled, MonotonicTime now);

    // What to wait for: adds a descriptor for each connection that is silent.
    void add_to(std::vector<pollfd>& polled) const;
    std::chrono::milliseconds patience(MonotonicTime now, std::chrono::milliseconds most) const;

    // The next that asks, if there is one: in turn by addresses, and none faster than its pace. It counts as
    // open until leave() is called with its guest.
    std::optional<Asking> next(MonotonicTime now);
    void leave(const Guest& guest);

    void close();  // all that wait
    std::size_t waiting() const { return waiting_.size(); }

  private:
    struct Waiting {
        UniqueFd connection;
        Guest guest;
        Opening opening;
        MonotonicTime until;
        bool asks = false;
    };
    using Position = std::vector<Waiting>::iterator;
    struct Open {
        int connections = 0;
        std::uint64_t turn = 0;  // the last one, by number
    };

    bool listed(const Guest& guest) const { return guest.standing != Standing::unlisted; }
    std::optional<ConnectionClosing> lack_for(const Guest& guest) const;
    Position give_way_to(const Guest& guest, ConnectionClosing lack);
    bool gives_way(const Waiting& waiting, const Guest& guest) const;
    Position oldest_silent(const IpAddress& address, const Guest& guest);
    void count(const Guest& guest, int by);
    void see(Waiting& waiting, const pollfd& polled);
    bool may_ask_now(const Guest& guest, MonotonicTime now);

    AdmissionLimits limits_;
    std::vector<Waiting> waiting_;  // in the order of their coming
    std::map<IpAddress, Open> listed_, unlisted_;
    int listed_count_ = 0, named_count_ = 0, unlisted_count_ = 0;
    std::uint64_t turns_ = 0;
    RateLimiter pace_{500, std::chrono::milliseconds(5)};
    RateLimiter unlisted_pace_{20, std::chrono::milliseconds(100)};
};

}  // namespace hilum::scp
