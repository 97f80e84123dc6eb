#include "pipeline/lanes/analysis_jobs.h"

#include <spdlog/spdlog.h>

#include <cstring>

#include "base/clock.h"
#include "base/file_system.h"
#include "contract/analysis_artifact.h"
#include "pipeline/lanes/wake_up.h"
#include "store/job_state.h"
#include "store/overview/metric_catalogue.h"

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

audit::AuditEvent event_of(const char* type, const std::string& study, const std::string& instance) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = "hilum";
    event.study_instance_uid = study;
    event.sop_instance_uid = instance;
    return event;
}

// Its jobs, those to come too, go before others.
void mark_urgent(Database& database, const std::string& study_instance_uid) {
    const int marked =
        database.execute("UPDATE study SET urgent_at = ? WHERE study_instance_uid = ? AND urgent_at IS NULL",
                         to_microseconds(now()), study_instance_uid);
    if (marked == 0) return;
    audit::AuditEvent event;
    event.type = "study_urgent";
    event.actor = "hilum";
    event.study_instance_uid = study_instance_uid;
    database.append_audit(event);
    database.count("urgent_studies");
}

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
      files_(world.make_background()) {
    for (std::size_t model = 0; model < models_.size(); ++model) wake_timers_.push_back(world.make_timer());
}

void AnalysisJobs::pump() {
    for (std::size_t model = 0; model < models_.size(); ++model) claim_for(model);
}

AnalysisJobs::Claim AnalysisJobs::claim(Database& database, const std::string& model, Duration lease) {
    const std::int64_t at = to_microseconds(now());
    Claim claim;
    database.each(
        "UPDATE analysis SET state = 'running', attempts = attempts + 1, lease_until = ?1 + ?3, updated_at = "
        "?1"
        " WHERE id = (SELECT id FROM analysis WHERE state = 'queued' AND model = ?2 AND next_attempt_at <= ?1"
        " ORDER BY urgent DESC, next_attempt_at, id LIMIT 1) RETURNING id",
        [&](SQLite::Statement& row) { claim.job.emplace().job = row.getColumn(0).getInt64(); }, at, model,
        lease.count());
    if (!claim.job) {
        claim.next_at = database.number(
            "SELECT min(next_attempt_at) FROM analysis WHERE state = 'queued' AND model = ?", model);
        return claim;
    }
    database.each(
        "SELECT instance.file, study.study_instance_uid, instance.sop_instance_uid, frame FROM analysis"
        " JOIN instance ON instance.id = analysis.instance_id JOIN study ON study.id = instance.study_id"
        " WHERE analysis.id = ?",
        [&](SQLite::Statement& row) {
            claim.job->file = row.getColumn(0).getString();
            claim.job->study_instance_uid = row.getColumn(1).getString();
            claim.job->sop_instance_uid = row.getColumn(2).getString();
            claim.job->frame = row.getColumn(3).getInt();
        },
        claim.job->job);
    return claim;
}

void AnalysisJobs::claim_for(std::size_t model) {
    if (draining_ || !engine_.can_take(model)) return;
    if (claiming_[model]) {
        claim_again_[model] = true;
        return;
    }
    claiming_[model] = true;
    claim_again_[model] = false;
    const Duration lease = configuration_.decoder.timeout + configuration_.models[model].timeout;
    commits_.submit([key = models_[model], lease](Database& database) { return claim(database, key, lease); },
                    [this, model](Result<Claim> claimed) {
                        claiming_[model] = false;
                        if (!claimed) {
                            spdlog::error("cannot claim an analysis: {}", claimed.error().message);
                            return claim_after(model, CommitQueue::retry_after);
                        }
                        if (claimed->job) {
                            analyse(model, *claimed->job);
                            return claim_for(model);
                        }
                        if (claimed->next_at)
                            claim_after(model, from_microseconds(*claimed->next_at) - world_.now());
                        if (claim_again_[model]) claim_for(model);
                    });
}

void AnalysisJobs::claim_after(std::size_t model, Duration wait) {
    wake_up_after(*wake_timers_[model], wait, [this, model] { claim_for(model); });
}

void AnalysisJobs::analyse(std::size_t model, const Claimed& job) {
    ++working_;
    const auto path = directory_.spool() / job.file;
    auto file = world_.files().open(path);
    if (!file) return keep_failure(job, model, {"system", file.error().message, file.error().retry}, {});
    engine_.submit({std::move(*file), model, job.frame, false, [this, model, job](AnalysisAnswer answer) {
                        if (auto* analysed = std::get_if<Analysed>(&answer))
                            return keep(job, model, std::move(*analysed));
                        if (auto* refused = std::get_if<Refused>(&answer))
                            return keep_outcome(
                                job, model, {refused->reason, std::nullopt, refused->model, refused->notes},
                                "", refused->frames);
                        const auto& failure = std::get<AnalysisFailure>(answer);
                        keep_failure(job, model, failure.error, failure.frames);
                    }});
}

void AnalysisJobs::keep(const Claimed& job, std::size_t model, Analysed analysed) {
    auto shared = std::make_shared<Analysed>(std::move(analysed));
    files_->post([this, job, model, shared] {
        const std::string name = fmt::format("{}-{}.analysis", generation_, job.job);
        auto artifact = to_artifact(*shared);
        auto written = artifact
                           ? world_.files().write_durably(directory_.analyses() / name, serialize(*artifact))
                           : Status(tl::unexpected(artifact.error()));
        world_.post([this, job, model, shared, name, written = std::move(written)] {
            if (!written)
                return keep_failure(job, model, {written.error().code, written.error().message, Retry::later},
                                    shared->frames);
            keep_outcome(job, model, {std::nullopt, shared->result, shared->result.model, shared->notes},
                         name, shared->frames);
        });
    });
}

void AnalysisJobs::keep_outcome(const Claimed& job, std::size_t model, AnalysisOutcome outcome,
                                std::string artifact, const FrameCount& frames) {
    // What a shadow model says changes nothing that anybody can see.
    const bool urgent = outcome.result && configuration_.models[model].mode == "active" &&
                        is_urgent(*outcome.result, configuration_.triage.urgent);
    commits_.submit_until_kept(
        [job, key = models_[model], outcome = std::move(outcome), artifact = std::move(artifact), frames,
         urgent](Database& database) {
            const std::int64_t at = to_microseconds(now());
            const char* state = outcome.result ? "analysed" : "not_analysed";
            const auto first_asked =
                database.number("SELECT created_at FROM analysis WHERE id = ? AND outcome IS NULL", job.job);
            const int changed = database.execute(
                "UPDATE analysis SET state = ?, outcome = ?, artifact = ?, error_code = '', error = '',"
                " lease_until = NULL, updated_at = ? WHERE id = ? AND state = 'running'",
                state, nlohmann::json(outcome).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                artifact, at, job.job);
            if (changed == 0) return;  // superseded or discarded meanwhile
            if (first_asked)
                observe(database, "receipt_to_analysis_seconds", {{"model", key}},
                        Duration(at - *first_asked));
            keep_frames(database, job.job, frames);
            if (urgent) mark_urgent(database, job.study_instance_uid);
            auto event = event_of(state, job.study_instance_uid, job.sop_instance_uid);
            event.detail["model_key"] = key;
            if (frames.of_image > 1) event.detail["frame"] = job.frame;
            if (!outcome.notes.empty()) event.detail["notes"] = outcome.notes;
            if (outcome.result) {
                const auto& result = *outcome.result;
                event.detail["model"] = result.model;
                event.detail["diagnosis"] = result.diagnosis;
                event.detail["confidence"] = result.confidence;
                event.detail["device"] = result.device;
                database.count("analyses",
                               {{"model", key}, {"outcome", "analysed"}, {"diagnosis", result.diagnosis}});
                database.count("inference_microseconds", {{"model", key}},
                               static_cast<std::int64_t>(result.seconds * 1e6));
            } else {
                event.detail["reason"] = *outcome.not_analysed;
                database.count("analyses", {{"model", key},
                                            {"outcome", "not_analysed"},
                                            {"reason", not_analysed_label(outcome.not_analysed->code)}});
            }
            database.append_audit(event);
        },
        [this, job, model, frames](Result<void> kept) {
            if (!kept) return keep_failure(job, model, kept.error(), frames);
            finished();
        });
}

void AnalysisJobs::keep_failure(const Claimed& job, std::size_t model, const Error& error,
                                const FrameCount& frames) {
    // Cut off by the node's end: the next start takes it up, as after any other end.
    if (draining_ && error.code == "process_died") return finished();
    spdlog::error("analysis {}: {}", job.job, error.message);
    commits_.submit_until_kept(
        [job, key = models_[model], error, frames, retry = configuration_.retry](Database& database) {
            const auto state = fail_job(database, JobTable::analysis, job.job, error, retry);
            if (state != "discarded") keep_frames(database, job.job, frames);
            auto event = event_of("analysis_failed", job.study_instance_uid, job.sop_instance_uid);
            event.outcome = "failure";
            event.detail = {
                {"model_key", key}, {"code", error.code}, {"error", error.message}, {"state", state}};
            database.append_audit(event);
            database.count("analysis_failures", {{"model", key}, {"code", failure_label(error.code)}});
        },
        [this](Result<void> kept) {
            if (!kept) spdlog::error("cannot keep a failed analysis: {}", kept.error().message);
            finished();
        });
}

void AnalysisJobs::finished() {
    --working_;
    on_finished_();
    pump();
}

}  // namespace hilum
