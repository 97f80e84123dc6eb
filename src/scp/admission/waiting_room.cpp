#include "scp/admission/waiting_room.h"

#include <algorithm>
#include <utility>

#include "scp/admission/request_glance.h"

namespace hilum::scp {
namespace {

constexpr std::chrono::milliseconds time_between_turns{5};

}  // namespace

AdmissionLimits admission_limits(const ScpSettings& settings, const AssociationPolicy& policy, int most) {
    AdmissionLimits limits;
    limits.connections = std::min(settings.max_connections, most);
    limits.kept_for_named = policy.names_hosts() ? limits.connections / 4 : 0;
    limits.per_address = std::min(settings.max_connections_per_address, limits.connections);
    limits.unlisted = settings.max_unlisted_connections;
    limits.unlisted_per_address = std::max(1, limits.unlisted / 4);
    limits.time_to_ask = settings.association_timeout;
    return limits;
}

void WaitingRoom::count(const Guest& guest, int by) {
    auto& all = listed(guest) ? listed_ : unlisted_;
    if ((all[guest.address].connections += by) <= 0) all.erase(guest.address);
    (listed(guest) ? listed_count_ : unlisted_count_) += by;
    if (guest.standing == Standing::named) named_count_ += by;
}

// Why there is no room for one more connection of the guest's.
std::optional<ConnectionClosing> WaitingRoom::lack_for(const Guest& guest) const {
    const auto& all = listed(guest) ? listed_ : unlisted_;
    const auto known = all.find(guest.address);
    const int open = known == all.end() ? 0 : known->second.connections;
    if (open >= (listed(guest) ? limits_.per_address : limits_.unlisted_per_address))
        return ConnectionClosing::address_limit;
    if (!listed(guest))
        return unlisted_count_ < limits_.unlisted ? std::nullopt
                                                  : std::optional(ConnectionClosing::unlisted_limit);
    const bool full = listed_count_ >= limits_.connections;
    const bool kept = guest.standing != Standing::named &&
                      listed_count_ - named_count_ >= limits_.connections - limits_.kept_for_named;
    return full || kept ? std::optional(ConnectionClosing::connection_limit) : std::nullopt;
}

// A place that is kept for hosts named one by one goes to no others.
bool WaitingRoom::gives_way(const Waiting& waiting, const Guest& guest) const {
    return !waiting.asks && listed(waiting.guest) == listed(guest) &&
           (waiting.guest.standing != Standing::named || guest.standing == Standing::named);
}

WaitingRoom::Position WaitingRoom::oldest_silent(const IpAddress& address, const Guest& guest) {
    return std::ranges::find_if(waiting_, [&](const Waiting& waiting) {
        return gives_way(waiting, guest) && waiting.guest.address == address;
    });
}

// The silent connection that gives way: of the same address where that has too many, else of the address that
// has the most, unless the guest's would then have more. waiting_.end(): none.
WaitingRoom::Position WaitingRoom::give_way_to(const Guest& guest, ConnectionClosing lack) {
    if (lack == ConnectionClosing::address_limit) return oldest_silent(guest.address, guest);
    std::map<IpAddress, int> silent;
    for (const auto& waiting : waiting_)
        if (gives_way(waiting, guest)) ++silent[waiting.guest.address];
    if (silent.empty()) return waiting_.end();
    const auto most = std::ranges::max_element(silent, {}, [](const auto& entry) { return entry.second; });
    if (most->second <= silent[guest.address]) return oldest_silent(guest.address, guest);
    return oldest_silent(most->first, guest);
}

std::vector<WaitingRoom::Closed> WaitingRoom::enter(UniqueFd connection, Guest guest, Opening opening,
                                                    MonotonicTime now) {
    std::vector<Closed> closed;
    if (const auto lack = lack_for(guest)) {
        const auto place = give_way_to(guest, *lack);
        closed.push_back({place == waiting_.end() ? guest.peer : place->guest.peer, *lack});
        if (place == waiting_.end()) return closed;
        count(place->guest, -1);
        waiting_.erase(place);
    }
    count(guest, 1);
    waiting_.push_back({std::move(connection), std::move(guest), opening, now + limits_.time_to_ask});
    return closed;
}

void WaitingRoom::add_to(std::vector<pollfd>& polled) const {
    for (const auto& waiting : waiting_)
        if (!waiting.asks) polled.push_back({waiting.connection.get(), POLLIN | POLLRDHUP, 0});
}

std::chrono::milliseconds WaitingRoom::patience(MonotonicTime now, std::chrono::milliseconds most) const {
    for (const auto& waiting : waiting_) {
        if (waiting.asks) return std::min(most, time_between_turns);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(waiting.until - now);
        most = std::clamp(left, std::chrono::milliseconds(0), most);
    }
    return most;
}

void WaitingRoom::see(Waiting& waiting, const pollfd& polled) {
    if (polled.revents == 0) return;
    const auto glance = glance_at(waiting.connection.get(), waiting.opening, (polled.revents & ~POLLIN) != 0);
    if (glance == Glance::closed)
        waiting.connection.reset();
    else
        waiting.asks = glance != Glance::silent;
}

std::vector<WaitingRoom::Closed> WaitingRoom::look(const std::vector<pollfd>& polled, MonotonicTime now) {
    std::map<int, const pollfd*> by_descriptor;
    for (const auto& one : polled) by_descriptor[one.fd] = &one;
    std::vector<Closed> closed;
    std::erase_if(waiting_, [&](Waiting& waiting) {
        const auto found = by_descriptor.find(waiting.connection.get());
        if (!waiting.asks && found != by_descriptor.end()) see(waiting, *found->second);
        const bool late = waiting.connection && now >= waiting.until;
        if (late) closed.push_back({waiting.guest.peer, ConnectionClosing::timeout});
        if (!late && waiting.connection) return false;
        count(waiting.guest, -1);
        return true;
    });
    return closed;
}

bool WaitingRoom::may_ask_now(const Guest& guest, MonotonicTime now) {
    return listed(guest) ? pace_.take(guest.address.text(), now) : unlisted_pace_.take({}, now);
}

std::optional<WaitingRoom::Asking> WaitingRoom::next(MonotonicTime now) {
    const auto turn = [&](const Waiting& waiting) {
        const auto& all = listed(waiting.guest) ? listed_ : unlisted_;
        return std::pair(!listed(waiting.guest), all.at(waiting.guest.address).turn);
    };
    std::vector<Position> asking;
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at)
        if (at->asks) asking.push_back(at);
    std::ranges::stable_sort(asking, {}, [&](Position at) { return turn(*at); });
    for (const auto at : asking) {
        if (!may_ask_now(at->guest, now)) continue;
        auto& all = listed(at->guest) ? listed_ : unlisted_;
        all[at->guest.address].turn = ++turns_;
        Asking next{std::move(at->connection), std::move(at->guest), at->opening, at->until};
        waiting_.erase(at);
        stop_glancing(next.connection.get());
        return next;
    }
    return std::nullopt;
}

void WaitingRoom::leave(const Guest& guest) {
    count(guest, -1);
}

void WaitingRoom::close() {
    for (const auto& waiting : waiting_) count(waiting.guest, -1);
    waiting_.clear();
}

}  // namespace hilum::scp
