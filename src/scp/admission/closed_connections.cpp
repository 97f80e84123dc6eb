#include "scp/admission/closed_connections.h"

namespace hilum::scp {

void ClosedConnections::add(const std::string& peer, ConnectionClosing why) {
    const bool told = counts_.size() < most_told || counts_.contains({peer, why});
    ++counts_[{told ? peer : std::string(), why}];
}

std::vector<ConnectionsClosed> ClosedConnections::take(MonotonicTime now) {
    if (counts_.empty() || now < next_) return {};
    std::vector<ConnectionsClosed> closed;
    for (const auto& [of, count] : counts_) closed.push_back({of.first, of.second, count});
    counts_.clear();
    next_ = now + interval;
    return closed;
}

}  // namespace hilum::scp
