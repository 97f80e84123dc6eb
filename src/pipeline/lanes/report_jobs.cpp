#include "pipeline/lanes/report_jobs.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "pipeline/lanes/wake_up.h"
#include "store/jobs/due_reports.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds composer_timeout(120);
constexpr Duration lease = composer_timeout + std::chrono::seconds(60);  // it is killed before

}  // namespace

ReportJobs::ReportJobs(World& world, CommitQueue& commits, const Configuration& configuration,
                       DataDirectory directory)
    : world_(world),
      commits_(commits),
      configuration_(configuration),
      directory_(std::move(directory)),
      wake_timer_(world.make_timer()),
      deadline_timer_(world.make_timer()) {}

void ReportJobs::start(ChildSpecification composer, std::function<void()> on_results,
                       std::function<void()> on_changed) {
    on_results_ = std::move(on_results);
    on_changed_ = std::move(on_changed);
    composer_ = std::make_unique<SupervisedChild>(
        world_, std::move(composer),
        SupervisedChild::Callbacks{[this](Message message) { on_composer_message(std::move(message)); },
                                   [this](const std::string& how) {
                                       if (composing_)
                                           fail_report({"process_died", "the composer " + how, Retry::later});
                                   },
                                   [this] {
                                       on_changed_();
                                       pump();
                                   }});
    composer_->start();
}

void ReportJobs::pump() {
    if (busy_ || draining_ || !composer_ || !composer_->running()) {
        pump_again_ = busy_;
        return;
    }
    pump_again_ = false;
    busy_ = true;
    commits_.submit(
        [this](Transaction& transaction) {
            open_due_reports(transaction, configuration_);
            return claim_report(transaction, configuration_, directory_, lease);
        },
        [this](Result<NextReport> next) {
            if (next && next->report) return compose(std::move(*next->report));
            busy_ = false;
            if (!next) {
                spdlog::error("cannot claim a report: {}", next.error().message);
                return wake_after(CommitQueue::retry_after);
            }
            on_results_();
            if (next->next_at) wake_after(from_microseconds(*next->next_at) - world_.now());
            if (pump_again_) pump();
        });
}

void ReportJobs::compose(ReportClaim report) {
    composing_ = std::make_shared<const Claim>(std::move(report.claim));
    deadline_timer_->start(composer_timeout, [this] { composer_->kill(); });
    if (!composer_->send(to_packet(report.request)))
        fail_report({"process_died", "the composer is gone", Retry::later});
}

void ReportJobs::wake_after(Duration wait) {
    wake_up_after(*wake_timer_, wait, [this] { pump(); });
}

void ReportJobs::on_composer_message(Message message) {
    auto reply = from_packet<ComposeReply>(message);
    if (!reply || !composing_ || reply->job != composing_->job()) {
        spdlog::error("composer: {}", reply ? "answered another request" : reply.error().message);
        return composer_->kill();
    }
    composer_->prosper();
    on_reply(std::move(*reply));
}

void ReportJobs::on_reply(ComposeReply reply) {
    deadline_timer_->cancel();
    if (reply.error) spdlog::error("report {}: {}: {}", reply.job, reply.error->code, reply.error->message);
    const auto claim = std::exchange(composing_, nullptr);
    commits_.submit_until_kept(
        [claim, reply, this](Transaction& transaction) {
            return keep_composed(transaction, *claim, reply, configuration_);
        },
        [this, claim](const Result<bool>& kept) {
            // The files are there under the same names: composing again writes the same bytes.
            if (!kept) return keep_failure(claim, {kept.error().code, kept.error().message, Retry::later});
            go_on();
        });
}

void ReportJobs::fail_report(const Error& error) {
    deadline_timer_->cancel();
    keep_failure(std::exchange(composing_, nullptr), error);
}

void ReportJobs::keep_failure(const std::shared_ptr<const Claim>& claim, const Error& error) {
    spdlog::error("report {}: {}", claim->job(), error.message);
    commits_.submit_until_kept(
        [claim, error, retry = configuration_.retry](Transaction& transaction) {
            return keep_report_failure(transaction, *claim, error, retry);
        },
        [this](const Result<bool>& kept) {
            if (!kept) spdlog::error("cannot keep a failed report: {}", kept.error().message);
            go_on();
        });
}

void ReportJobs::go_on() {
    busy_ = false;
    on_results_();
    pump();
}

}  // namespace hilum
