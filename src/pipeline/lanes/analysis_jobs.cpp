#include "pipeline/lanes/analysis_jobs.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/file_system.h"
#include "contract/analysis_artifact.h"
#include "pipeline/lanes/wake_up.h"

namespace hilum {
namespace {

Result<AnalysisArtifact> to_artifact(const Analysed& analysed) {
    AnalysisArtifact artifact;
    artifact.attributes = analysed.attributes;
    artifact.geometry = analysed.geometry;
    artifact.display = analysed.display;
    const auto pixels =
        static_cast<std::size_t>(analysed.display.rows) * static_cast<std::size_t>(analysed.display.columns);
    auto display = Mapping::of_memfd(analysed.display_pixels.get(), pixels);
    if (!display) return tl::unexpected(display.error());
    const auto shown = display->as<std::uint8_t>();
    artifact.display_pixels.assign(shown.begin(), shown.end());
    if (!analysed.maps) return artifact;
    artifact.map_labels = static_cast<int>(analysed.result.labels.size());
    artifact.map_rows = analysed.result.map_rows;
    artifact.map_columns = analysed.result.map_columns;
    const auto floats = analysed.result.labels.size() * static_cast<std::size_t>(artifact.map_rows) *
                        static_cast<std::size_t>(artifact.map_columns);
    auto maps = Mapping::of_memfd(analysed.maps.get(), floats * sizeof(float));
    if (!maps) return tl::unexpected(maps.error());
    const auto values = maps->as<float>();
    artifact.maps.assign(values.begin(), values.end());
    return artifact;
}

// Far more than the steps of an analysis take between two renewals.
constexpr std::chrono::seconds least_lease(60), between_renewals(15);

}  // namespace

AnalysisJobs::AnalysisJobs(World& world, CommitQueue& commits, AnalysisEngine& engine,
                           const Configuration& configuration, DataDirectory directory,
                           std::string generation, std::vector<std::string> models)
    : world_(world),
      commits_(commits),
      engine_(engine),
      configuration_(configuration),
      directory_(std::move(directory)),
      generation_(std::move(generation)),
      models_(std::move(models)),
      claiming_(models_.size()),
      claim_again_(models_.size()),
      files_(world.make_background()),
      renew_timer_(world.make_timer()) {
    for (std::size_t model = 0; model < models_.size(); ++model) wake_timers_.push_back(world.make_timer());
}

void AnalysisJobs::start(std::function<void()> on_finished,
                         std::function<std::vector<std::string>()> destinations_up) {
    on_finished_ = std::move(on_finished);
    destinations_up_ = std::move(destinations_up);
    renew_later();
}

void AnalysisJobs::pump() {
    for (std::size_t model = 0; model < models_.size(); ++model) claim_for(model);
}

Duration AnalysisJobs::lease_of(std::size_t model) const {
    return std::max<Duration>(configuration_.decoder.timeout + configuration_.models[model].timeout,
                              least_lease);
}

void AnalysisJobs::claim_for(std::size_t model) {
    if (draining_ || !engine_.can_take(model)) return;
    if (claiming_[model]) {
        claim_again_[model] = true;
        return;
    }
    claiming_[model] = true;
    claim_again_[model] = false;
    commits_.submit(
        [key = models_[model], lease = lease_of(model),
         bound = AnalysisBound{configuration_.study.analysed_ahead, destinations_up_()}](
            Transaction& transaction) { return claim_within_bound(transaction, key, lease, bound); },
        [this, model](Result<NextAnalysis> next) {
            claiming_[model] = false;
            if (!next) {
                spdlog::error("cannot claim an analysis: {}", next.error().message);
                return claim_after(model, CommitQueue::retry_after);
            }
            if (next->claim) {
                analyse(model, std::make_shared<const AnalysisClaim>(std::move(*next->claim)));
                return claim_for(model);
            }
            if (next->next_at) claim_after(model, from_microseconds(*next->next_at) - world_.now());
            if (claim_again_[model]) claim_for(model);
        });
}

void AnalysisJobs::claim_after(std::size_t model, Duration wait) {
    wake_up_after(*wake_timers_[model], wait, [this, model] { claim_for(model); });
}

void AnalysisJobs::analyse(std::size_t model, const Job& job) {
    working_.emplace_back(job, model);
    auto file = world_.files().open(directory_.spool() / job->file);
    if (!file) return keep_failure(job, {"system", file.error().message, file.error().retry}, {});
    engine_.submit(
        {std::move(*file), model, job->frame, false, [this, model, job](AnalysisAnswer answer) {
             if (auto* analysed = std::get_if<Analysed>(&answer))
                 return keep_analysed(model, job, std::move(*analysed));
             if (auto* refused = std::get_if<Refused>(&answer))
                 return keep_end(
                     model, job,
                     {{refused->reason, std::nullopt, refused->model, refused->notes}, "", refused->frames});
             const auto& failure = std::get<AnalysisFailure>(answer);
             keep_failure(job, failure.error, failure.frames);
         }});
}

void AnalysisJobs::keep_analysed(std::size_t model, const Job& job, Analysed analysed) {
    auto shared = std::make_shared<Analysed>(std::move(analysed));
    files_->post([this, job, model, shared] {
        const std::string name = fmt::format("{}-{}.analysis", generation_, job->claim.job());
        auto artifact = to_artifact(*shared);
        auto written = artifact
                           ? world_.files().write_durably(directory_.analyses() / name, serialize(*artifact))
                           : Status(tl::unexpected(artifact.error()));
        world_.post([this, job, model, shared, name, written = std::move(written)] {
            if (!written)
                return keep_failure(job, {written.error().code, written.error().message, Retry::later},
                                    shared->frames);
            keep_end(
                model, job,
                {{std::nullopt, shared->result, shared->result.model, shared->notes}, name, shared->frames});
        });
    });
}

void AnalysisJobs::keep_end(std::size_t model, const Job& job, AnalysisEnd end) {
    // What a shadow model says changes nothing that anybody can see.
    end.urgent = end.outcome.result && configuration_.models[model].mode == ModelMode::active &&
                 is_urgent(*end.outcome.result, configuration_.triage.urgent);
    const auto frames = end.frames;
    commits_.submit_until_kept([job, end = std::move(end)](
                                   Transaction& transaction) { return keep_outcome(transaction, *job, end); },
                               [this, job, frames](const Result<bool>& kept) {
                                   if (!kept) return keep_failure(job, kept.error(), frames);
                                   finished(job);
                               });
}

void AnalysisJobs::keep_failure(const Job& job, const Error& error, const FrameCount& frames) {
    // Cut off by the node's end: the next start takes it up, as after any other end.
    if (draining_ && error.code == "process_died") return finished(job);
    spdlog::error("analysis {}: {}", job->claim.job(), error.message);
    commits_.submit_until_kept(
        [job, error, frames, retry = configuration_.retry](Transaction& transaction) {
            return keep_analysis_failure(transaction, *job, error, frames, retry);
        },
        [this, job](const Result<bool>& kept) {
            if (!kept) spdlog::error("cannot keep a failed analysis: {}", kept.error().message);
            finished(job);
        });
}

void AnalysisJobs::finished(const Job& job) {
    std::erase_if(working_, [&](const auto& one) { return one.first == job; });
    on_finished_();
    pump();
}

// The engine watches over what it has, and images may wait in it for long: their leases say that they are not
// forgotten.
void AnalysisJobs::renew_later() {
    renew_timer_->start(between_renewals, [this] { renew_leases(); });
}

void AnalysisJobs::renew_leases() {
    renew_later();
    if (working_.empty()) return;
    std::vector<std::pair<Job, Duration>> held;
    for (const auto& [job, model] : working_) held.emplace_back(job, lease_of(model));
    commits_.submit([held = std::move(held)](Transaction& transaction) {
        for (const auto& [job, lease] : held) renew(transaction, job->claim, lease);
    });
}

}  // namespace hilum
