// What the listener tells of the connections that it closed: a message a second for each address and reason,
// and for few addresses, so that a flood of connections makes no flood of messages.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/world.h"
#include "contract/messages/receiving.h"

namespace hilum::scp {

class ClosedConnections {
  public:
    static constexpr std::size_t most_told = 32;  // addresses and reasons; beyond, the reason alone
    static constexpr std::chrono::seconds interval{1};

    void add(const std::string& peer, ConnectionClosing why);
    bool empty() const { return counts_.empty(); }
    // What is to be told now; nothing within a second of the last time.
    std::vector<ConnectionsClosed> take(MonotonicTime now);

  private:
    std::map<std::pair<std::string, ConnectionClosing>, std::int64_t> counts_;
    MonotonicTime next_{};
};

}  // namespace hilum::scp
