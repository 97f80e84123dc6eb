#include "monitor/serving/connection_table.h"

#include <algorithm>
#include <utility>

namespace hilum::monitor {

int ConnectionTable::count_of(const IpAddress& address) const {
    return static_cast<int>(
        std::ranges::count_if(open_, [&](const auto& entry) { return entry.second.address == address; }));
}

int ConnectionTable::count_of_others() const {
    return static_cast<int>(
        std::ranges::count_if(open_, [](const auto& entry) { return !entry.second.address.is_loopback(); }));
}

ConnectionTable::Position ConnectionTable::oldest_waiting(const IpAddress& address) {
    return std::ranges::find_if(
        open_, [&](const auto& entry) { return entry.second.waits && entry.second.address == address; });
}

// Of the address that has the most waiting, unless `address` itself has as many.
ConnectionTable::Position ConnectionTable::oldest_of_the_most(const IpAddress& address) {
    std::map<IpAddress, int> waiting;
    for (const auto& [id, open] : open_)
        if (open.waits && (address.is_loopback() || !open.address.is_loopback())) ++waiting[open.address];
    if (waiting.empty()) return open_.end();
    const auto most = std::ranges::max_element(waiting, {}, [](const auto& entry) { return entry.second; });
    return oldest_waiting(most->second <= waiting[address] ? address : most->first);
}

std::optional<ConnectionTable::Id> ConnectionTable::add(const IpAddress& peer, std::function<void()> close) {
    const auto address = peer.subnet();
    const bool one_has_too_many = count_of(address) >= limits_.per_address;
    const bool kept = !address.is_loopback() && count_of_others() >= limits_.all - limits_.kept_for_loopback;
    if (one_has_too_many || kept || size() >= limits_.all) {
        const auto place = one_has_too_many ? oldest_waiting(address) : oldest_of_the_most(address);
        if (place == open_.end()) return std::nullopt;
        auto gone = open_.extract(place);
        gone.mapped().close();
    }
    open_.emplace(++last_, Open{address, std::move(close)});
    return last_;
}

void ConnectionTable::remove(Id id) {
    open_.erase(id);
}

void ConnectionTable::set_waiting(Id id, bool waits) {
    if (const auto found = open_.find(id); found != open_.end()) found->second.waits = waits;
}

}  // namespace hilum::monitor
