#include "pipeline/lanes/commitment.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "store/commitments.h"
#include "store/retry_policy.h"

namespace hilum {

Commitment::Commitment(World& world, CommitQueue& commits, Destination& destination)
    : world_(world), commits_(commits), destination_(destination) {}

Task<bool> Commitment::request(CommitmentRequest request) {
    const auto uid = request.transaction_uid;
    const auto is_answer = [uid](const CommitmentReply& reply) { return reply.transaction_uid == uid; };
    const auto reply = co_await destination_.ask<CommitmentReply>(request, UniqueFd(), is_answer);
    if (reply && reply->accepted) {
        refused_ = 0;
        not_before_.reset();
        co_return true;
    }
    if (!reply && destination_.sender().stopped()) co_return true;
    ++refused_;
    const auto& settings = destination_.settings();
    const std::string why = reply ? reply->message : reply.error().message;
    spdlog::warn("destination {}: storage commitment: {}", settings.name, loggable(why));
    const RetryPolicy policy{settings.first_delay, settings.longest_delay};
    const auto delay = policy.delay_after(refused_, world_.random());
    // Whatever else waits would be refused as well.
    not_before_ = world_.monotonic() + delay;
    const auto write = [name = settings.name, request, delay, why](Transaction& transaction) {
        keep_refused_commitment(transaction, name, request, delay, why);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (!kept) spdlog::error("cannot keep a commitment's failure: {}", kept.error().message);
    co_return !reply || !reply->no_association;
}

Duration Commitment::wait() const {
    if (!not_before_) return Duration::zero();
    return std::max(std::chrono::duration_cast<Duration>(*not_before_ - world_.monotonic()),
                    Duration::zero());
}

Task<CommitmentReportAnswer> keep_report(CommitQueue& commits, CommitmentReport report,
                                         const std::vector<DestinationSettings>& destinations) {
    const auto write = [report, &destinations](Transaction& transaction) {
        return take_commitment_report(transaction, report, destinations);
    };
    const auto known = co_await committed(commits, write);
    if (!known)
        spdlog::error("cannot keep a storage commitment report: {}", known.error().message);
    else if (!*known)
        spdlog::warn("{} ({}) reports on the storage commitment {}, which Hilum did not ask for",
                     loggable(report.calling_ae), report.peer, report.transaction_uid);
    co_return CommitmentReportAnswer{known.has_value(), known.value_or(false)};
}

}  // namespace hilum
