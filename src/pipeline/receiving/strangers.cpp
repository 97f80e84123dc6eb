#include "pipeline/receiving/strangers.h"

#include <spdlog/spdlog.h>

#include "base/ip_network.h"
#include "base/logging.h"
#include "contract/association_end.h"
#include "store/receiver_events.h"

namespace hilum {
namespace {

constexpr std::size_t most_told = 5;  // addresses and reasons of which the number is told apart

// One host has a whole subnet of IPv6 addresses to come from.
std::string host_of(const std::string& peer) {
    const auto address = IpAddress::parse(peer);
    return address ? address->subnet().text() : peer;
}

std::string and_left_out(std::int64_t left_out) {
    return left_out > 0 ? fmt::format(" ({} more of this kind were not told)", left_out) : std::string();
}

std::string_view words_for(ConnectionClosing why) {
    switch (why) {
        case ConnectionClosing::timeout:
            return "no association was asked for within scp.association_timeout";
        case ConnectionClosing::address_limit:
            return "as many are open as one address may have (scp.max_connections_per_address)";
        case ConnectionClosing::connection_limit:
            return "scp.max_connections, or as many as descriptors allow, are open";
        case ConnectionClosing::unlisted_limit:
            return "scp.max_unlisted_connections are open of addresses that scp.accept does not list";
        case ConnectionClosing::no_receiver:
            break;
    }
    return "no receiver could be started";
}

}  // namespace

void keep_left_out(EventKeeper& events, const std::vector<EventLimiter::LeftOut>& left_out) {
    std::int64_t number = 0;
    for (const auto& [sort, count] : left_out) {
        spdlog::warn("{} more events were not told of {}", count,
                     sort.empty() ? "several others" : loggable(sort));
        number += count;
    }
    const auto record = [left_out](Transaction& transaction) {
        for (const auto& [sort, count] : left_out) record_left_out(transaction, sort, count);
    };
    if (number > 0) events.keep("events_left_out", record, number);
}

Strangers::Strangers(World& world, EventKeeper& events)
    : world_(world), events_(events), timer_(world.make_timer()) {}

EventLimiter::Verdict Strangers::judge(const std::string& peer, std::string_view reason, std::int64_t count) {
    const auto verdict =
        limiter_.judge(fmt::format("{}: {}", host_of(peer), reason), world_.monotonic(), count);
    if (!verdict.audited && !std::exchange(waiting_, true))
        timer_->start(until_left_out_is_told, [this] { tell_left_out(); });
    return verdict;
}

void Strangers::record(const EventLimiter::Verdict& verdict, std::string_view kind, EventKeeper::Work work) {
    if (verdict.audited)
        events_.keep(std::string(kind), std::move(work), 1 + verdict.left_out);
    else
        events_.count(std::move(work));
}

void Strangers::rejected(const AssociationRequested& request, AssociationOutcome outcome) {
    const auto verdict = judge(request.peer, enum_text(outcome));
    if (verdict.audited)
        spdlog::warn("association from {} ({}) rejected: {}{}", loggable(request.calling_ae),
                     loggable(request.peer),
                     loggable(request.grounds.empty() ? enum_string(outcome) : request.grounds),
                     and_left_out(verdict.left_out));
    record(verdict, "association_rejected", [request, outcome, verdict](Transaction& transaction) {
        record_rejection(transaction, request, outcome, verdict.audited, verdict.left_out);
    });
}

void Strangers::happened(const ReceiverEvent& event) {
    const auto verdict = judge(event.peer, enum_text(event.event));
    if (verdict.audited && event.event == ReceiverEventKind::not_dicom)
        spdlog::info("{} does not speak DICOM: {}{}", loggable(event.peer), loggable(event.detail),
                     and_left_out(verdict.left_out));
    else if (verdict.audited && event.event == ReceiverEventKind::tls_failed)
        spdlog::info("{}: no TLS: {}{}", loggable(event.peer), loggable(event.detail),
                     and_left_out(verdict.left_out));
    else if (verdict.audited)
        spdlog::info("{} opened no association within scp.association_timeout{}", loggable(event.peer),
                     and_left_out(verdict.left_out));
    record(verdict, enum_text(event.event), [event, verdict](Transaction& transaction) {
        record_receiver_event(transaction, event, verdict.audited, verdict.left_out);
    });
}

void Strangers::closed(const ConnectionsClosed& closed) {
    const auto verdict = judge(closed.peer, enum_text(closed.reason), closed.count);
    if (verdict.audited)
        spdlog::log(closed.reason == ConnectionClosing::timeout ? spdlog::level::info : spdlog::level::warn,
                    "{} {} of {} closed: {}{}", closed.count,
                    closed.count == 1 ? "connection" : "connections",
                    closed.peer.empty() ? "several addresses" : loggable(closed.peer),
                    words_for(closed.reason), and_left_out(verdict.left_out));
    record(verdict, "connection_refused", [closed, verdict](Transaction& transaction) {
        record_closed_connections(transaction, closed, verdict.audited, verdict.left_out);
    });
}

void Strangers::failed(const HttpTlsFailed& failed) {
    const auto verdict = judge(failed.address, "HTTP without TLS, " + failed.code, failed.count);
    if (verdict.audited)
        spdlog::info("{}: no TLS at http.listen: {}{}",
                     failed.address.empty() ? "several addresses" : loggable(failed.address),
                     loggable(failed.detail), and_left_out(verdict.left_out));
    record(verdict, "tls_failed", [failed, verdict](Transaction& transaction) {
        record_http_tls_failure(transaction, failed, verdict.audited, verdict.left_out);
    });
}

void Strangers::refused(const HttpAccess& access, audit::AuditEvent event) {
    const auto peer = access.uid >= 0 ? fmt::format("uid {}", access.uid) : access.address;
    const auto verdict = judge(peer, "nothing shown by HTTP, " + access.refused, access.count);
    if (!verdict.audited) return;
    if (verdict.left_out > 0) event.detail["events_left_out_before"] = verdict.left_out;
    events_.keep(
        event.type, [event](Transaction& transaction) { transaction.append_audit(event); },
        access.count + verdict.left_out);
}

void Strangers::turned_away(const std::string& user) {
    const auto verdict = judge(user, "turned away at the control socket");
    if (!verdict.audited) return;
    spdlog::warn("control socket: {} was turned away{}", user, and_left_out(verdict.left_out));
    record(verdict, "control_refused", [user, verdict](Transaction& transaction) {
        record_turned_away(transaction, user, verdict.left_out);
    });
}

void Strangers::tell_left_out() {
    waiting_ = false;
    timer_->cancel();
    const auto left_out = limiter_.take_left_out(most_told);
    keep_left_out(events_, left_out);
}

}  // namespace hilum
