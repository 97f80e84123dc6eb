#include "store/jobs/analyses.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/damaged_objects.h"
#include "store/jobs/damaged_rows.h"
#include "store/jobs/due_reports.h"
#include "store/overview/metric_catalogue.h"

namespace hilum {
namespace {

audit::AuditEvent event_of(const std::string& type, const AnalysisClaim& claimed) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = "hilum";
    event.study_instance_uid = claimed.study_instance_uid;
    event.sop_instance_uid = claimed.sop_instance_uid;
    event.detail["model_key"] = claimed.model;
    return event;
}

// Its jobs, those to come too, go before others.
void mark_urgent(Transaction& transaction, const std::string& study_instance_uid) {
    const int marked = sql::execute(
        transaction, "UPDATE study SET urgent_at = ? WHERE study_instance_uid = ? AND urgent_at IS NULL",
        transaction.at(), study_instance_uid);
    if (marked == 0) return;
    audit::AuditEvent event;
    event.type = "study_urgent";
    event.actor = "hilum";
    event.study_instance_uid = study_instance_uid;
    transaction.append_audit(event);
    transaction.count("urgent_studies");
}

void tell_result(Transaction& transaction, const AnalysisClaim& claimed, const InferenceResult& result,
                 audit::AuditEvent& event) {
    event.detail["model"] = result.model;
    event.detail["diagnosis"] = result.diagnosis;
    event.detail["confidence"] = result.confidence;
    event.detail["device"] = result.device;
    transaction.count("analyses", {{"model", claimed.model},
                                   {"outcome", to_text(JobState::analysed)},
                                   {"diagnosis", result.diagnosis}});
    transaction.count("inference_microseconds", {{"model", claimed.model}},
                      static_cast<std::int64_t>(result.seconds * 1e6));
}

// The file that it failed for is no longer its image's.
std::optional<JobState> give_back_now(Transaction& transaction, const Claim& claim, const Error& error) {
    if (!give_back(transaction, claim, transaction.at(), error)) return std::nullopt;
    return JobState::queued;
}

void tell_refusal(Transaction& transaction, const AnalysisClaim& claimed, const NotAnalysed& why,
                  audit::AuditEvent& event) {
    event.detail["reason"] = why;
    transaction.count("analyses", {{"model", claimed.model},
                                   {"outcome", to_text(JobState::not_analysed)},
                                   {"reason", not_analysed_label(why.code)}});
}

}  // namespace

std::optional<AnalysisClaim> claim_analysis(Transaction& transaction, const std::string& model,
                                            Duration lease) {
    auto claim = claim_next(transaction, Lane::analysis, model, lease);
    if (!claim) return std::nullopt;
    AnalysisClaim claimed{std::move(*claim), model, 1, "", "", ""};
    sql::each(
        transaction,
        "SELECT instance.file, study.study_instance_uid, instance.sop_instance_uid, frame, "
        "transfer_syntax_uid, dataset_sha256, instance.id FROM analysis JOIN "
        "instance ON instance.id = analysis.instance_id JOIN study ON study.id = instance.study_id WHERE "
        "analysis.id = ?",
        [&](const sql::Row& row) {
            claimed.file = row.text(0);
            claimed.study_instance_uid = row.text(1);
            claimed.sop_instance_uid = row.text(2);
            claimed.frame = row.int32(3);
            claimed.stored = {row.text(4), row.text(5)};
            claimed.instance = row.int64(6);
        },
        claimed.claim.job());
    if (claimed.instance != 0) return claimed;
    set_aside_unreadable(transaction, claimed.claim, "it is of no image");
    return claim_analysis(transaction, model, lease);
}

bool keep_outcome(Transaction& transaction, const AnalysisClaim& claimed, const AnalysisEnd& end) {
    const auto& outcome = end.outcome;
    const auto state = outcome.result ? JobState::analysed : JobState::not_analysed;
    const auto job = claimed.claim.job();
    const auto first_asked =
        sql::number(transaction,
                    "SELECT created_at FROM job JOIN analysis ON analysis.id = subject WHERE job.id = ? AND "
                    "analysis.outcome IS NULL",
                    claimed.claim.id());
    if (!finish(transaction, claimed.claim, state)) return false;
    sql::execute(transaction, "UPDATE analysis SET outcome = ?, artifact = ? WHERE id = ?",
                 nlohmann::json(outcome).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                 end.artifact, job);
    if (first_asked)
        transaction.observe("receipt_to_analysis_seconds", {{"model", claimed.model}},
                            Duration(transaction.at() - *first_asked));
    keep_frames(transaction, job, end.frames);
    if (end.urgent) mark_urgent(transaction, claimed.study_instance_uid);
    auto event = event_of(to_text(state), claimed);
    if (end.frames.of_image > 1) event.detail["frame"] = claimed.frame;
    if (!outcome.notes.empty()) event.detail["notes"] = outcome.notes;
    if (outcome.result)
        tell_result(transaction, claimed, *outcome.result, event);
    else
        tell_refusal(transaction, claimed, *outcome.not_analysed, event);
    transaction.append_audit(event);
    return true;
}

void repeat_analysis(Transaction& transaction, std::int64_t job) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'queued', outcome = '', attempt = 0, interruptions = 0, due = ?1, "
                 "updated_at = ?1 WHERE "
                 "id = ?2 AND state = 'done'",
                 transaction.at(), job);
}

bool keep_analysis_failure(Transaction& transaction, const AnalysisClaim& claimed, const Error& error,
                           const FrameCount& frames, const RetrySettings& retry) {
    if (!stands(transaction, claimed.claim)) return false;
    const bool replaced = error.code == object_damaged &&
                          !keep_object_damaged(transaction, claimed.instance, claimed.file, error.message);
    const auto state = replaced ? give_back_now(transaction, claimed.claim, error)
                                : fail_claimed(transaction, claimed.claim, error, retry);
    if (!state) return false;
    keep_frames(transaction, claimed.claim.job(), frames);
    transaction.count("analysis_failures", {{"model", claimed.model}, {"code", failure_label(error.code)}});
    if (has_told_trouble(transaction, claimed.claim)) return true;
    auto event = event_of("analysis_failed", claimed);
    event.outcome = "failure";
    event.detail["code"] = error.code;
    event.detail["error"] = error.message;
    event.detail["state"] = to_text(*state);
    transaction.append_audit(event);
    return true;
}

void keep_frames(Transaction& transaction, std::int64_t id, const FrameCount& frames) {
    if (frames.of_image <= 1) return;
    sql::execute(transaction, "UPDATE analysis SET frames = ? WHERE id = ?", frames.of_image, id);
    std::string model;
    std::int64_t instance = 0, study = 0;
    sql::each(
        transaction,
        "SELECT model, instance_id, study_id FROM analysis JOIN instance ON instance.id = instance_id WHERE "
        "analysis.id = ?",
        [&](const sql::Row& row) {
            model = row.text(0);
            instance = row.int64(1);
            study = row.int64(2);
        },
        id);
    // The count comes from the process that parses foreign bytes.
    const int wanted = std::min({frames.wanted, frames.of_image, most_analysed_frames});
    for (int frame = 1; frame <= wanted; ++frame)
        if (sql::execute(transaction,
                         "INSERT INTO analysis(instance_id, model, frame, frames) VALUES(?, ?, ?, ?) ON "
                         "CONFLICT(instance_id, model, frame) DO NOTHING",
                         instance, model, frame, frames.of_image) > 0)
            queue_job(transaction, Lane::analysis, model, sql::last_id(transaction), study);
}

namespace {

struct Image {
    std::int64_t id, study;
};

// Of an image under a model, unless it has one. What was discarded with the model, which is back, begins
// anew.
bool queue_analysis(Transaction& transaction, const Image& image, const std::string& model) {
    if (sql::execute(transaction,
                     "INSERT INTO analysis(instance_id, model) VALUES(?, ?) ON CONFLICT(instance_id, model, "
                     "frame) DO NOTHING",
                     image.id, model) > 0) {
        queue_job(transaction, Lane::analysis, model, sql::last_id(transaction), image.study);
        return true;
    }
    return sql::execute(transaction,
                        "UPDATE job SET state = 'queued', attempt = 0, interruptions = 0, error = '', due = "
                        "?1, updated_at = ?1 "
                        "WHERE lane = ?2 AND state = 'discarded' AND error = " HILUM_MODEL_IS_GONE
                        " AND subject IN (SELECT id FROM analysis WHERE instance_id = ?3 AND model = ?4)",
                        transaction.at(), lane_name(Lane::analysis, model), image.id, model) > 0;
}

template <typename... Args>
bool queue_analyses(Transaction& transaction, const std::vector<std::string>& models, const char* of_images,
                    const Args&... args) {
    std::vector<Image> images;
    sql::each(
        transaction, of_images,
        [&](const sql::Row& row) {
            images.push_back({row.int64(0), row.int64(1)});
        },
        args...);
    bool queued = false;
    for (const auto& model : models)
        for (const auto& image : images) queued |= queue_analysis(transaction, image, model);
    return queued;
}

// SQL: what a report would tell of, and a model of `models`, a parameter with a JSON array of keys, was not
// given or did not take before it went.
#define HILUM_LACKS_ONE_OF(models)                                                                       \
    " instance.state = 'to_analyse' AND instance.removed_at IS NULL AND damaged_at IS NULL AND EXISTS "  \
    "(SELECT 1 FROM json_each(" models                                                                   \
    ") WHERE NOT EXISTS (SELECT 1 FROM analysis WHERE instance_id = "                                    \
    "instance.id AND model = value) OR EXISTS (SELECT 1 FROM analysis JOIN job ON lane = 'analyse/' || " \
    "model AND subject = analysis.id WHERE instance_id = instance.id AND model = value AND job.state = " \
    "'discarded' AND error = " HILUM_MODEL_IS_GONE ")) ORDER BY instance.id"

// A study that waited for a model that went, and is back, is due again where no report tells of its images:
// one that none was made of meanwhile for want of a model.
void take_back_discarded(Transaction& transaction, const std::string& models) {
    sql::execute(
        transaction,
        "UPDATE study SET due_at = ?1, first_pending_at = coalesce(first_pending_at, ?1) WHERE due_at IS "
        "NULL "
        "AND withdrawn_at IS NULL AND id IN (SELECT job.study_id FROM job JOIN analysis ON analysis.id = "
        "subject JOIN instance ON instance.id = instance_id WHERE job.kind = 'analysis' AND job.state = "
        "'discarded' AND job.error = " HILUM_MODEL_IS_GONE
        " AND model IN (SELECT value FROM json_each(?2)) AND instance.state = 'to_analyse' AND "
        "instance.removed_at IS NULL AND damaged_at IS NULL AND NOT EXISTS (SELECT 1 FROM report WHERE "
        "report.study_id = job.study_id AND report.kind = 'results' AND last_instance >= instance.id AND "
        "NOT" HILUM_IS_LEFT_OUT "))",
        transaction.at(), models);
}

}  // namespace

bool analyse_what_lacks(Transaction& transaction, std::int64_t study,
                        const std::vector<std::string>& models) {
    return queue_analyses(
        transaction, models,
        "SELECT id, study_id FROM instance WHERE study_id = ?1 AND" HILUM_LACKS_ONE_OF("?2"), study,
        nlohmann::json(models).dump());
}

void adopt_models(Transaction& transaction, const std::vector<std::string>& models) {
    const std::string known = nlohmann::json(models).dump();
    take_back_discarded(transaction, known);
    queue_analyses(transaction, models,
                   "SELECT DISTINCT instance_id, study_id FROM job JOIN analysis ON analysis.id = subject "
                   "WHERE kind = 'analysis' AND state = 'queued' AND queue NOT IN (SELECT value FROM "
                   "json_each(?)) ORDER BY instance_id",
                   known);
    // A report is of all images of its study. CROSS: by the studies that are due, however many images there
    // are.
    queue_analyses(transaction, models,
                   "SELECT instance.id, study_id FROM study CROSS JOIN instance ON study_id = study.id WHERE "
                   "due_at IS NOT NULL AND" HILUM_LACKS_ONE_OF("?"),
                   known);
    const int gone = sql::execute(transaction,
                                  "UPDATE job SET state = 'discarded', error = " HILUM_MODEL_IS_GONE
                                  ", updated_at = ?1 WHERE kind = 'analysis' AND state = 'queued' AND queue "
                                  "NOT IN (SELECT value FROM json_each(?2))",
                                  transaction.at(), known);
    if (gone > 0)
        spdlog::warn(
            "{} analyses waited for a model that is no longer configured: they begin anew once it is back, "
            "unless a report tells of their images before",
            gone);
    // What held them up may be a model no more, or a shadow.
    sql::execute(transaction, "UPDATE study SET unready = 0 WHERE unready = 1");
}
#undef HILUM_LACKS_ONE_OF

}  // namespace hilum
