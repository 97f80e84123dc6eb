#include "pipeline/lanes/report_lane.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "store/jobs/due_reports.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds composer_timeout(120);
constexpr Duration report_lease = composer_timeout + std::chrono::seconds(60);  // it is killed before

}  // namespace

ReportLane::ReportLane(World& world, CommitQueue& commits, const Configuration& configuration,
                       DataDirectory directory, Happenings& happenings)
    : commits_(commits),
      configuration_(configuration),
      directory_(std::move(directory)),
      happenings_(happenings),
      wake_up_(world),
      composer_(world, *this) {}

void ReportLane::start(ChildSpecification composer) {
    composer_.start(std::move(composer));
    tasks_.start(run());
}

void ReportLane::child_changed() {
    happenings_.happened(Happening::status_changed);
    wake();
}

Task<void> ReportLane::run() {
    for (;;) {
        while (draining_ || !composer_.can_be_asked()) co_await wake_up_.wait();
        std::optional<Busy> busy(busy_);
        const auto claim = [this](Transaction& transaction) {
            open_due_reports(transaction, configuration_);
            return claim_report(transaction, configuration_, directory_, report_lease);
        };
        auto next = co_await committed(commits_, claim);
        if (!next) {
            spdlog::error("cannot claim a report: {}", next.error().message);
            busy.reset();
            co_await wake_up_.wait_for(CommitQueue::retry_after);
            continue;
        }
        if (next->report) co_await compose(std::move(*next->report));
        busy.reset();
        happenings_.happened(Happening::reports_moved);
        if (!next->report) co_await wake_up_.wait_until(next->next_at);
    }
}

Task<void> ReportLane::compose(ReportClaim report) {
    const auto claim = std::make_shared<const Claim>(std::move(report.claim));
    const auto is_answer = [job = claim->job()](const ComposeReply& reply) { return reply.job == job; };
    const auto reply = co_await ask<ComposeReply>(composer_, std::move(report.request), UniqueFd(),
                                                  composer_timeout, is_answer);
    if (!reply) co_return co_await keep_failure(claim, reply.error());
    if (reply->error)
        spdlog::error("report {}: {}: {}", claim->job(), reply->error->code, reply->error->message);
    const auto write = [claim, reply = *reply, this](Transaction& transaction) {
        return keep_composed(transaction, *claim, reply, configuration_);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (kept) co_return;
    // The files are there under the same names: composing again writes the same bytes.
    Error error = kept.error();
    error.retry = Retry::later;
    co_await keep_failure(claim, error);
}

Task<void> ReportLane::keep_failure(std::shared_ptr<const Claim> claim, Error error) {
    spdlog::error("report {}: {}", claim->job(), error.message);
    const auto write = [claim, error, retry = configuration_.retry](Transaction& transaction) {
        return keep_report_failure(transaction, *claim, error, retry);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (!kept) spdlog::error("cannot keep a failed report: {}", kept.error().message);
}

}  // namespace hilum
