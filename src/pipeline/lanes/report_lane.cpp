#include "pipeline/lanes/report_lane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/file_system.h"
#include "store/audit/newest_head.h"
#include "store/jobs/due_reports.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds composer_timeout(120);
constexpr Duration report_lease = composer_timeout + std::chrono::seconds(60);  // it is killed before

int composer_count(const ComposerSettings& settings) {
    if (settings.processes > 0) return settings.processes;
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 4);
}

}  // namespace

ReportLane::ReportLane(World& world, CommitQueue& commits, const Configuration& configuration,
                       DataDirectory directory, Happenings& happenings, const SigningKey* audit_key)
    : commits_(commits),
      configuration_(configuration),
      directory_(std::move(directory)),
      happenings_(happenings),
      trouble_(world),
      reserve_(world, directory_.root, configuration.scp.min_free_space / 4, "composing"),
      audit_key_(audit_key),
      disk_(world.make_background()) {
    for (int i = composer_count(configuration.composer); i > 0; --i) composers_.emplace_back(world, *this);
}

void ReportLane::start(std::vector<ChildSpecification> composers) {
    for (std::size_t i = 0; i < composers_.size(); ++i) {
        composers_[i].child.start(std::move(composers.at(i)));
        tasks_.start(run(composers_[i]));
    }
}

void ReportLane::wake() {
    for (auto& composer : composers_) composer.wake_up.set();
}

void ReportLane::stop() {
    for (auto& composer : composers_) composer.child.stop();
}

bool ReportLane::idle() const {
    return std::ranges::none_of(composers_, &Composer::busy);
}

bool ReportLane::any_child_running() const {
    return std::ranges::any_of(composers_, [](const auto& composer) { return composer.child.running(); });
}

std::vector<ChildStatus> ReportLane::children_status() const {
    std::vector<ChildStatus> all;
    for (const auto& composer : composers_) all.push_back(composer.child.process().status());
    return all;
}

void ReportLane::child_changed() {
    happenings_.happened(Happening::status_changed);
    wake();
}

Task<void> ReportLane::run(Composer& composer) {
    for (;;) {
        while (draining_ || claiming_ || !composer.child.can_be_asked()) co_await composer.wake_up.wait();
        if (const auto pause = std::max(trouble_.left(), reserve_.left()); pause > Duration::zero()) {
            co_await composer.wake_up.wait_for(pause);
            continue;
        }
        std::optional<Busy> busy(composer.busy);
        auto next = co_await claim();
        if (!next) {
            spdlog::error("cannot claim a report: {}", next.error().message);
            if (may_be_kept(next.error())) co_await give_back();
            busy.reset();
            co_await composer.wake_up.wait_for(CommitQueue::retry_after);
            continue;
        }
        if (next->report) {
            const auto study = next->report->study;
            const auto job = next->report->claim.id();
            studies_at_work_.insert(study);
            jobs_at_work_.insert(job);
            wake();  // there may be more, for the others
            co_await compose(composer, std::move(*next->report));
            studies_at_work_.erase(study);
            jobs_at_work_.erase(job);
            wake();  // the study's next version, where this composer died
        }
        busy.reset();
        happenings_.happened(Happening::reports_moved);
        if (!next->report) co_await composer.wake_up.wait_until(next->next_at);
    }
}

Task<Result<NextReport>> ReportLane::claim() {
    const Busy claiming(claiming_);
    const auto work = [this, at_work = studies_at_work_](Transaction& transaction) {
        open_due_reports(transaction, configuration_);
        auto next = claim_report(transaction, configuration_, directory_, report_lease, at_work);
        if (audit_key_ != nullptr && next.report && next.report->request.withdrawal.reason.empty())
            next.report->request.audit_head = sign_newest(transaction, *audit_key_);
        return next;
    };
    co_return co_await committed(commits_, work);
}

// What may have been claimed without anybody knowing.
Task<void> ReportLane::give_back() {
    const Busy claiming(claiming_);
    const auto work = [at_work = jobs_at_work_](Transaction& transaction) {
        give_back_unknown(transaction, Lane::report, "", at_work);
    };
    (void)co_await until_kept(commits_, work);
}

Task<void> ReportLane::compose(Composer& composer, ReportClaim report) {
    const auto claim = std::make_shared<const Claim>(std::move(report.claim));
    const auto is_answer = [job = claim->job(), &files = composer.files](const ComposeReply& reply) {
        return reply.job == job && files.vouch_for(reply);
    };
    composer.files.begin(report.request);
    const auto reply = co_await ask<ComposeReply>(composer.child, std::move(report.request), UniqueFd(),
                                                  composer_timeout, is_answer);
    composer.files.end();
    if (!reply && composer.child.stopped()) co_return;
    if (!reply) co_return co_await keep_failure(claim, reply.error());
    if (reply->error) {
        spdlog::error("report {}: {}: {}", claim->job(), reply->error->code, reply->error->message);
        trouble_.meet(*reply->error);
    } else {
        trouble_.pass();
    }
    const auto write = [claim, reply = *reply, this](Transaction& transaction) {
        return keep_composed(transaction, *claim, reply, configuration_);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (kept) co_return;
    // Nobody was sent these files: composing again makes them anew, under the same names.
    Error error = kept.error();
    error.retry = counted_unless_nodes(error);
    co_await keep_failure(claim, error);
}

Task<void> ReportLane::keep_failure(std::shared_ptr<const Claim> claim, Error error) {
    spdlog::error("report {}: {}", claim->job(), error.message);
    trouble_.meet(error);
    const auto write = [claim, error, retry = configuration_.retry](Transaction& transaction) {
        return keep_report_failure(transaction, *claim, error, retry);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (!kept) spdlog::error("cannot keep a failed report: {}", kept.error().message);
}

}  // namespace hilum
