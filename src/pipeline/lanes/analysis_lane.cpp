#include "pipeline/lanes/analysis_lane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/file_system.h"
#include "pipeline/lanes/analysis_artifacts.h"
#include "store/jobs/due_reports.h"
#include "store/retention/removed_files.h"

namespace hilum {
namespace {

// Leases last far longer (shortest_lease).
constexpr std::chrono::seconds between_analysis_renewals(15);

FrameCount frames_of(const AnalysisAnswer& answer) {
    return std::visit([](const auto& one) { return one.frames; }, answer);
}

}  // namespace

AnalysisLane::AnalysisLane(World& world, CommitQueue& commits, AnalysisEngine& engine,
                           const Configuration& configuration, DataDirectory directory,
                           std::string generation, Model model, const std::deque<SendingLane>& senders,
                           Happenings& happenings)
    : world_(world),
      commits_(commits),
      engine_(engine),
      configuration_(configuration),
      directory_(std::move(directory)),
      generation_(std::move(generation)),
      model_(std::move(model)),
      senders_(senders),
      happenings_(happenings),
      wake_up_(world),
      renewal_(world),
      trouble_(world),
      reserve_(world, directory_.root, configuration.scp.min_free_space / 2, "analysis"),
      files_(world.make_background()) {}

void AnalysisLane::start() {
    tasks_.start(run());
    tasks_.start(renew_leases());
}

Duration AnalysisLane::lease() const {
    return std::max<Duration>(configuration_.decoder.timeout + configuration_.models[model_.index].timeout,
                              shortest_lease);
}

AnalysisBound AnalysisLane::bound() const {
    AnalysisBound bound{configuration_.study.analysed_ahead, {}, active_models(configuration_)};
    for (const auto& sender : senders_)
        if (!sender.destination().down()) bound.destinations_up.push_back(sender.name());
    return bound;
}

Task<void> AnalysisLane::run() {
    for (;;) {
        while (draining_ || !engine_.can_take(model_.index)) co_await wake_up_.wait();
        if (const auto pause = std::max(trouble_.left(), reserve_.left()); pause > Duration::zero()) {
            co_await wake_up_.wait_for(pause);
            continue;
        }
        const auto claim = [key = model_.key, lease = lease(), bound = bound()](Transaction& transaction) {
            return claim_within_bound(transaction, key, lease, bound);
        };
        auto next = co_await committed(commits_, claim);
        if (!next) {
            co_await recover(next.error());
        } else if (next->claim) {
            tasks_.start(analyse(std::make_shared<const AnalysisClaim>(std::move(*next->claim))));
        } else {
            co_await wake_up_.wait_until(next->next_at);
        }
    }
}

// From a claim that failed.
Task<void> AnalysisLane::recover(Error error) {
    spdlog::error("cannot claim an analysis: {}", error.message);
    if (may_be_kept(error)) {
        std::set<std::int64_t> at_work;
        for (const auto& job : held_) at_work.insert(job->claim.id());
        const auto give_back = [key = model_.key, at_work](Transaction& transaction) {
            give_back_unknown(transaction, Lane::analysis, key, at_work);
        };
        (void)co_await until_kept(commits_, give_back);
    }
    co_await wake_up_.wait_for(CommitQueue::retry_after);
}

Task<void> AnalysisLane::analyse(Job job) {
    held_.push_back(job);
    const auto answer = std::make_shared<const AnalysisAnswer>(co_await ask_engine(job));
    const auto kept = co_await keep(job, answer);
    if (kept)
        trouble_.pass();
    else
        co_await keep_failure(job, kept.error(), frames_of(*answer));
    std::erase(held_, job);
    happenings_.happened(Happening::analysis_ended);
}

Task<AnalysisAnswer> AnalysisLane::ask_engine(Job job) {
    auto file = world_.files().open(directory_.spool() / job->file);
    if (!file && file.error().code == "not_found")
        co_return AnalysisFailure{object_is_damaged("its file is gone").value(), {}};
    if (!file) co_return AnalysisFailure{{"system", file.error().message, file.error().retry}, {}};
    AnalysisTask task{std::move(*file), model_.index, job->frame, false, job->stored};
    co_return co_await engine_.analyse(std::move(task));
}

// An error is the analysis's, and to be kept.
Task<Status> AnalysisLane::keep(Job job, Answer answer) {
    AnalysisEnd end;
    end.frames = frames_of(*answer);
    if (const auto* failure = std::get_if<AnalysisFailure>(answer.get())) {
        co_return tl::unexpected(failure->error);
    } else if (const auto* refused = std::get_if<Refused>(answer.get())) {
        end.outcome = {refused->reason, std::nullopt, refused->model, refused->notes};
    } else {
        const auto& analysed = std::get<Analysed>(*answer);
        auto artifact = co_await write_artifact(job, answer);
        if (!artifact) co_return tl::unexpected(artifact.error());
        end.artifact = std::move(*artifact);
        end.outcome = {std::nullopt, analysed.result, analysed.result.model, analysed.notes};
        // What a shadow model says changes nothing that anybody can see.
        end.urgent = configuration_.models[model_.index].mode == ModelMode::active &&
                     is_urgent(analysed.result, configuration_.triage.urgent);
    }
    co_return co_await keep_end(job, std::move(end));
}

// Returns its name.
Task<Result<std::string>> AnalysisLane::write_artifact(Job job, Answer answer) {
    std::string name = artifact_name(generation_, job->claim.job(), job->claim.number());
    Arrival<Status> written;
    files_->post([&world = world_, answer, file = directory_.analyses() / name, bring = written.bring()] {
        const auto bytes = to_artifact(std::get<Analysed>(*answer)).and_then(&serialize);
        auto status =
            bytes ? world.files().write_durably(file, *bytes) : Status(tl::unexpected(bytes.error()));
        world.post([status = std::move(status), bring] { bring(status); });
    });
    const auto status = co_await written;
    if (!status)
        co_return tl::unexpected(
            Error{status.error().code, status.error().message, counted_unless_nodes(status.error())});
    co_return name;
}

Task<Status> AnalysisLane::keep_end(Job job, AnalysisEnd end) {
    const auto artifact = end.artifact;
    const auto write = [job, end = std::move(end)](Transaction& transaction) {
        return keep_outcome(transaction, *job, end);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (!kept || !*kept) remove_artifact(artifact);
    if (!kept) co_return tl::unexpected(kept.error());
    co_return Status();
}

// Of a claim that was stale, or was not kept: no row names it. What a crash leaves the next start finds.
void AnalysisLane::remove_artifact(const std::string& name) {
    if (name.empty()) return;
    files_->post([&world = world_, file = directory_.analyses() / name] {
        if (const auto removed = world.files().remove_durably(file); !removed)
            spdlog::warn("{}", removed.error().message);
    });
}

Task<void> AnalysisLane::keep_failure(Job job, Error error, FrameCount frames) {
    // Cut off by the node's end: the next start takes it up, as after any other end.
    if (draining_ && error.code == "process_died") co_return;
    spdlog::error("analysis {}: {}", job->claim.job(), error.message);
    trouble_.meet(error);
    const auto write = [job, error, frames, retry = configuration_.retry](Transaction& transaction) {
        return keep_analysis_failure(transaction, *job, error, frames, retry);
    };
    const auto kept = co_await until_kept(commits_, write);
    if (!kept) spdlog::error("cannot keep a failed analysis: {}", kept.error().message);
}

// The engine watches over what it has, and images may wait in it for long: their leases say that they are not
// forgotten.
Task<void> AnalysisLane::renew_leases() {
    for (;;) {
        co_await renewal_.wait_for(between_analysis_renewals);
        if (held_.empty()) continue;
        const auto renew_all = [held = held_, lease = lease()](Transaction& transaction) {
            for (const auto& job : held) renew(transaction, job->claim, lease);
        };
        const auto renewed = co_await committed(commits_, renew_all);
        if (!renewed) spdlog::error("cannot renew the leases of analyses: {}", renewed.error().message);
    }
}

}  // namespace hilum
