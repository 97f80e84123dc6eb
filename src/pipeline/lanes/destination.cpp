#include "pipeline/lanes/destination.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/clock.h"
#include "base/logging.h"
#include "store/retry_policy.h"

namespace hilum {

Destination::Destination(World& world, const DestinationSettings& settings, AskedChild::Owner& owner,
                         Happenings& happenings)
    : world_(world), settings_(settings), happenings_(happenings), sender_(world, owner) {}

DestinationStatus Destination::status() const {
    if (!down_) return {settings_.name, DestinationState::up, "", ""};
    return {settings_.name, DestinationState::down, to_iso8601(from_microseconds(down_since_)), down_why_};
}

Duration Destination::time_limit() const {
    return 4 * settings_.timeout + std::chrono::seconds(5);
}

// The delay goes on growing where C-ECHO is answered and C-STORE gets no association.
void Destination::note_association(bool given, const std::string& why) {
    if (given) {
        refused_associations_ = 0;
        return;
    }
    ++refused_associations_;
    down_why_ = why;
    const RetryPolicy policy{settings_.first_delay, settings_.longest_delay};
    probe_at_ = world_.monotonic() + policy.delay_after(refused_associations_, world_.random());
    if (std::exchange(down_, true)) return;
    down_since_ = to_microseconds(world_.now());
    spdlog::warn("destination {} is down: {}", settings_.name, loggable(why));
    happenings_.happened(Happening::status_changed);
}

Duration Destination::until_probe() const {
    return std::chrono::duration_cast<Duration>(probe_at_ - world_.monotonic());
}

Task<std::optional<std::string>> Destination::probe() {
    const auto any = [](const EchoReply&) { return true; };
    const auto reply = co_await ask<EchoReply>(EchoRequest{}, UniqueFd(), any);
    const std::string why = reply ? reply->message : reply.error().message;
    if (!reply && sender_.stopped()) co_return why;
    if (!reply || !reply->answers) {
        note_association(false, why);
        co_return why;
    }
    if (!std::exchange(down_, false)) co_return std::nullopt;
    spdlog::info("destination {} is up", settings_.name);
    happenings_.happened(Happening::status_changed);
    co_return std::nullopt;
}

}  // namespace hilum
