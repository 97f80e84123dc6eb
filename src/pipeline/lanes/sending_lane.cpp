#include "pipeline/lanes/sending_lane.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "store/commitments.h"
#include "store/destinations.h"
#include "store/jobs/claim.h"

namespace hilum {

SendingLane::SendingLane(World& world, CommitQueue& commits, const Configuration& configuration,
                         const DestinationSettings& settings, DataDirectory directory, Happenings& happenings)
    : commits_(commits),
      configuration_(configuration),
      happenings_(happenings),
      wake_up_(world),
      destination_(world, settings, *this, happenings),
      delivery_(world, commits, std::move(directory), destination_),
      commitment_(world, commits, destination_) {}

void SendingLane::start(ChildSpecification sender) {
    destination_.sender().start(std::move(sender));
    tasks_.start(run());
}

void SendingLane::try_now() {
    if (destination_.down()) destination_.probe_now();
    wake();
}

void SendingLane::reload_certificates() {
    if (!destination_.settings().tls) return;
    destination_.sender().tell(to_packet(ReloadCertificates{}));
    try_now();  // it may have been down for want of a certificate
}

void SendingLane::child_changed() {
    happenings_.happened(Happening::status_changed);
    wake();
}

Task<void> SendingLane::run() {
    std::uint64_t served = 0;
    for (;;) {
        while (draining_ || !destination_.sender().can_be_asked()) co_await wake_up_.wait();
        if (destination_.down()) {
            co_await probe_when_due();
            continue;
        }
        std::optional<Busy> busy(busy_);
        const auto claim = [&settings = destination_.settings(), served](Transaction& transaction) {
            return claim_sending(transaction, settings, served);
        };
        auto next = co_await committed(commits_, claim);
        if (!next) {
            spdlog::error("cannot claim a delivery: {}", next.error().message);
            const auto give_back = [name = name()](Transaction& transaction) {
                give_back_unknown(transaction, Lane::delivery, name, {});  // it has one at a time
            };
            if (may_be_kept(next.error())) (void)co_await until_kept(commits_, give_back);
            busy.reset();
            co_await wake_up_.wait_for(CommitQueue::retry_after);
        } else if (next->delivery) {
            ++served;
            const auto outcome = co_await delivery_.deliver(std::move(*next->delivery));
            const bool damaged = outcome == DeliveryOutcome::damaged;
            happenings_.happened(damaged ? Happening::result_damaged : Happening::delivery_ended);
        } else if (next->commitment) {
            ++served;
            co_await commitment_.request(std::move(*next->commitment));
        } else {
            busy.reset();
            co_await wake_up_.wait_until(next->next_at);
        }
    }
}

Task<void> SendingLane::probe_when_due() {
    if (const auto wait = destination_.until_probe(); wait > Duration::zero()) {
        co_await wake_up_.wait_for(wait);
        co_return;
    }
    const auto why = co_await destination_.probe();
    if (!why) {
        co_await ask_for_commitments_anew();
        co_return;
    }
    if (destination_.sender().stopped()) co_return;
    const auto& settings = destination_.settings();
    const auto give_up = [&settings, why = *why](Transaction& transaction) {
        return expire_deliveries(transaction, settings, why);
    };
    const auto expired = co_await committed(commits_, give_up);
    if (!expired)
        spdlog::error("cannot give up old deliveries: {}", expired.error().message);
    else if (*expired > 0)
        spdlog::warn("destination {}: {} deliveries given up", settings.name, *expired);
}

Task<void> SendingLane::ask_for_commitments_anew() {
    const auto& settings = destination_.settings();
    if (!settings.storage_commitment) co_return;
    const auto ask = [&settings](Transaction& transaction) {
        ask_commitments_anew(transaction, settings.name);
    };
    const auto asked = co_await committed(commits_, ask);
    if (!asked) spdlog::error("cannot ask for commitments anew: {}", asked.error().message);
}

bool SendingLane::child_says(const Message& message) {
    if (packet_type(message) == SendingProgress::type) {
        destination_.sender().extend_time();
        delivery_.progressed();
        return true;
    }
    if (const auto loaded = from_packet<CertificatesLoaded>(message)) {
        happenings_.certificates_loaded(*loaded);
        return true;
    }
    const auto report = from_packet<CommitmentReport>(message);
    if (report) tasks_.start(answer_report(*report));
    return report.has_value();
}

Task<void> SendingLane::answer_report(CommitmentReport report) {
    const auto answer = co_await keep_report(commits_, std::move(report), configuration_.destinations);
    destination_.sender().tell(to_packet(answer));
    happenings_.happened(Happening::commitment_came);
}

}  // namespace hilum
