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
      commitment_(world, commits, destination_),
      trouble_(world) {}

void SendingLane::start(ChildSpecification sender) {
    destination_.sender().start(std::move(sender));
    tasks_.start(run());
}

void SendingLane::try_now() {
    if (destination_.down()) destination_.probe_now();
    commitment_.try_now();
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
        if (const auto pause = trouble_.left(); pause > Duration::zero()) {
            co_await wake_up_.wait_for(pause);
            continue;
        }
        std::optional<Busy> busy(busy_);
        const auto claim = [&settings = destination_.settings(), served,
                            wait = commitment_.wait()](Transaction& transaction) {
            return claim_sending(transaction, settings, served, wait);
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
            const auto ended = co_await delivery_.deliver(std::move(*next->delivery));
            note(ended);
        } else if (next->commitment) {
            ++served;
            // It may refuse this association and take results: then it is not down.
            if (!co_await commitment_.request(std::move(*next->commitment))) co_await probe();
        } else {
            busy.reset();
            co_await wake_up_.wait_until(next->next_at);
        }
    }
}

void SendingLane::note(const std::optional<DeliverReply>& ended) {
    if (ended && is_nodes_trouble(*ended))
        trouble_.meet({"result_unreadable", ended->message, ended->retry});
    else if (ended)
        trouble_.pass();
    const bool damaged = ended && ended->outcome == DeliveryOutcome::damaged;
    happenings_.happened(damaged ? Happening::result_damaged : Happening::delivery_ended);
}

Task<void> SendingLane::probe_when_due() {
    if (const auto wait = destination_.until_probe(); wait > Duration::zero()) {
        co_await wake_up_.wait_for(wait);
        co_return;
    }
    co_await probe();
}

Task<void> SendingLane::probe() {
    const bool was_down = destination_.down();
    const auto why = co_await destination_.probe();
    if (why && !destination_.sender().stopped())
        co_await give_up_old_deliveries(*why);
    else if (!why && was_down)
        co_await ask_for_commitments_anew();
}

Task<void> SendingLane::give_up_old_deliveries(std::string why) {
    const auto& settings = destination_.settings();
    const auto give_up = [&settings, why](Transaction& transaction) {
        return expire_deliveries(transaction, settings, why);
    };
    int expired = most_taken_up;
    while (expired == most_taken_up) {
        const auto some = co_await committed(commits_, give_up);
        if (!some) spdlog::error("cannot give up old deliveries: {}", some.error().message);
        expired = some.value_or(0);
        if (expired > 0) spdlog::warn("destination {}: {} deliveries given up", settings.name, expired);
    }
}

Task<void> SendingLane::ask_for_commitments_anew() {
    const auto& settings = destination_.settings();
    if (!settings.storage_commitment) co_return;
    const auto ask = [&settings](Transaction& transaction) {
        return ask_commitments_anew(transaction, settings.name);
    };
    int asked = most_taken_up;
    while (asked == most_taken_up) {
        const auto some = co_await committed(commits_, ask);
        if (!some) spdlog::error("cannot ask for commitments anew: {}", some.error().message);
        asked = some.value_or(0);
    }
}

bool SendingLane::child_says(Message& message) {
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
    if (report) tasks_.start(answer_report(*report, destination_.sender().process().pid()));
    return report.has_value();
}

// Another process than the one that passed it on waits for no answer.
Task<void> SendingLane::answer_report(CommitmentReport report, pid_t sender) {
    const auto answer = co_await keep_report(commits_, std::move(report), configuration_.destinations);
    if (destination_.sender().process().pid() == sender) destination_.sender().tell(to_packet(answer));
    happenings_.happened(Happening::commitment_came);
}

}  // namespace hilum
