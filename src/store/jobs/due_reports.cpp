#include "store/jobs/due_reports.h"

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/analyses.h"
#include "store/jobs/callers.h"
#include "store/jobs/claim.h"
#include "store/jobs/compose_requests.h"
#include "store/jobs/damaged_rows.h"
#include "store/recovery/earlier_life.h"
#include "store/study_rows.h"
#include "store/withdrawals.h"

namespace hilum {

std::vector<std::string> active_models(const Configuration& configuration) {
    std::vector<std::string> active;
    for (const auto& model : configuration.models)
        if (model.mode == ModelMode::active) active.push_back(model_key(model));
    return active;
}

namespace {

struct Due {
    std::int64_t study, version;
};

// What came late is analysed and kept, and no report tells of it.
void audit_unrevised(Transaction& transaction, std::int64_t study, const char* why) {
    audit::AuditEvent event;
    event.type = "report_not_revised";
    event.actor = "hilum";
    event.detail = {{"reason", why}};
    event.study_instance_uid = study_instance_uid_of(transaction, study);
    transaction.append_audit(event);
    transaction.count("reports_not_revised");
}

#define HILUM_ANALYSED_OF_STUDY                                                                          \
    " FROM job JOIN analysis ON analysis.id = subject JOIN instance ON instance.id = instance_id WHERE " \
    "job.study_id = ? AND kind = 'analysis' AND word = 'analysed' AND instance.state = 'to_analyse' "    \
    "AND instance.removed_at IS NULL AND damaged_at IS NULL "

// By a model that is gone, and no report tells of it. A shadow model's outcomes are told by none at any time.
bool has_untold_outcome(Transaction& transaction, const Configuration& configuration, std::int64_t study) {
    return sql::number(transaction,
                       "SELECT 1" HILUM_ANALYSED_OF_STUDY
                       "AND model NOT IN (SELECT value FROM json_each(?)) AND NOT EXISTS (SELECT 1 FROM "
                       "report WHERE report.study_id = job.study_id AND report.model = analysis.model AND "
                       "report.kind = 'results' AND last_instance >= instance.id AND NOT" HILUM_IS_LEFT_OUT
                       ") LIMIT 1",
                       study, nlohmann::json(model_keys(configuration.models)).dump())
        .has_value();
}

// A version of which nothing was made yet is none that stands: the next one goes in its place. A model that
// was never to tell tells nothing beside the report of another.
bool has_its_only_report(Transaction& transaction, std::int64_t study, const std::string& model) {
    return sql::number(
               transaction,
               "SELECT 1 FROM report JOIN job ON lane = 'compose' AND subject = report.id WHERE "
               "report.study_id = ?1 AND report.kind = 'results' AND withdrawn = 0 AND (word = 'composed' OR "
               "EXISTS (SELECT 1 FROM result WHERE report_id = report.id)) AND (model = ?2 OR NOT EXISTS "
               "(SELECT 1 FROM report AS opened WHERE opened.study_id = ?1 AND opened.model = ?2 AND "
               "opened.kind = 'results' AND opened.withdrawn = 0)) LIMIT 1",
               study, model)
        .has_value();
}

// Null where a study that is due gets a report, or has nothing to be told of. `telling`: models_to_tell().
const char* why_not_reported(Transaction& transaction, const Configuration& configuration, std::int64_t study,
                             const std::vector<std::string>& telling) {
    if (is_withdrawn(transaction, study)) return "the study's results were withdrawn";
    if (active_models(configuration).empty())
        return has_untold_outcome(transaction, configuration, study) ? "no active model is configured"
                                                                     : nullptr;
    return telling.empty() ? "study.revise is false" : nullptr;
}

// The one that is being composed, too: whatever becomes of it, it is not queued again and goes nowhere, for
// it would be taken for the newest. One that is composed anew has its results already.
void supersede_reports(Transaction& transaction, std::int64_t study, const std::string& model) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', owner = NULL, lease = NULL, error = 'a "
                 "newer version of the report was made', updated_at = ? WHERE lane = 'compose' AND word IN "
                 "('queued', 'running', 'quarantined') AND subject IN (SELECT id FROM report WHERE study_id "
                 "= ? AND model = ? AND kind = 'results' AND composed_anew = 0)",
                 transaction.at(), study, model);
}

bool open_report(Transaction& transaction, const Configuration& configuration, std::int64_t study,
                 const std::string& model, std::int64_t version, bool of_first_active) {
    // What a careless routing rule sends beside radiographs (is_foreign) causes
    // no report.
    const auto images = sql::number(
        transaction,
        "SELECT count(*) FROM instance JOIN analysis ON analysis.instance_id = instance.id WHERE study_id = "
        "? AND model = ? AND instance.state = 'to_analyse' AND instance.removed_at IS NULL AND damaged_at IS "
        "NULL AND" HILUM_IS_NOT_FOREIGN("?"),
        study, model, nlohmann::json(foreign_outcomes()).dump());
    const auto analysed =
        sql::number(transaction, "SELECT count(*)" HILUM_ANALYSED_OF_STUDY "AND model = ?", study, model);
    const auto by_any =
        sql::number(transaction,
                    "SELECT count(*)" HILUM_ANALYSED_OF_STUDY "AND model IN (SELECT value FROM json_each(?))",
                    study, nlohmann::json(active_models(configuration)).dump());
    const auto& when = configuration.study.report_not_analysed;
    const bool wanted =
        analysed > 0 || when == "always" || (when == "nothing_analysed" && by_any == 0 && of_first_active);
    if (images == 0 || !wanted) {
        transaction.count("reports_suppressed", {{"model", model}});
        return false;
    }
    supersede_reports(transaction, study, model);
    sql::execute(transaction,
                 "INSERT INTO report(study_id, model, version, last_instance, received_at) SELECT ?1, ?2, "
                 "?3, max(id), (SELECT first_pending_at FROM study WHERE id = ?1) FROM instance WHERE "
                 "study_id = ?1",
                 study, model, version);
    queue_job(transaction, Lane::report, "", sql::last_id(transaction), study);
    return true;
}
#undef HILUM_ANALYSED_OF_STUDY

// However many studies wait for their analyses, a claim does not look at all of them: one that is seen not to
// be ready is passed over until an analysis of it ends (triggers of schema/023_unready.sql).
void pass_over_unready(Transaction& transaction, const Configuration& configuration) {
    sql::execute(transaction,
                 "UPDATE study SET unready = 1 WHERE due_at <= ?1 AND unready = 0 AND NOT" HILUM_ANALYSED_BY(
                     "?2", "study.id"),
                 transaction.at(), nlohmann::json(active_models(configuration)).dump());
}

std::vector<Due> due_studies(Transaction& transaction, const Configuration& configuration) {
    std::vector<Due> due;
    const auto active = active_models(configuration);
    sql::each(
        transaction,
        "SELECT id, report_version + 1 FROM study WHERE due_at <= ?1 AND unready = 0 AND" HILUM_ANALYSED_BY(
            "?2", "study.id") "ORDER BY urgent_at IS NULL, due_at",
        [&](const sql::Row& row) {
            due.push_back({row.int64(0), row.int64(1)});
        },
        transaction.at(), nlohmann::json(active).dump());
    for (auto& study : due)
        study.version = version_after_earlier(transaction, study.study, study.version, active);
    return due;
}

// What retention took and the PACS sent again has its file and no artifact: it is analysed again for the
// next version of the report. Nothing is made of it before there is to be one.
bool repeats_removed(Transaction& transaction, const Configuration& configuration, std::int64_t study) {
    std::vector<std::int64_t> jobs;
    sql::each(
        transaction,
        "SELECT job.id FROM job JOIN analysis ON analysis.id = subject JOIN instance ON instance.id = "
        "instance_id WHERE job.study_id = ? AND kind = 'analysis' AND word = 'analysed' AND "
        "artifact IS NULL AND instance.state = 'to_analyse' AND instance.removed_at IS NULL AND damaged_at "
        "IS NULL AND model IN (SELECT value FROM json_each(?))",
        [&](const sql::Row& row) { jobs.push_back(row.int64(0)); }, study,
        nlohmann::json(active_models(configuration)).dump());
    for (const auto job : jobs) repeat_analysis(transaction, job);
    return !jobs.empty();
}

// Of what cannot be read any more the image is analysed again.
bool repeats_unreadable(Transaction& transaction, std::int64_t study) {
    std::vector<std::int64_t> unreadable;
    sql::each(
        transaction,
        "SELECT job.id, coalesce(analysis.outcome, '') FROM job JOIN analysis ON analysis.id = subject WHERE "
        "study_id "
        "= ? AND kind = 'analysis' AND word IN ('analysed', 'not_analysed')",
        [&](const sql::Row& row) {
            if (!is_readable_outcome(row.text(1))) unreadable.push_back(row.int64(0));
        },
        study);
    for (const auto job : unreadable) analyse_unreadable(transaction, job);
    return !unreadable.empty();
}

void open_reports(Transaction& transaction, const Configuration& configuration, const Due& due) {
    const bool removed = repeats_removed(transaction, configuration, due.study);
    if (repeats_unreadable(transaction, due.study) || removed) return;  // due again once they are analysed
    bool opened = false;
    const auto active = active_models(configuration);
    const auto telling = models_to_tell(transaction, configuration, due.study);
    const char* const unwanted = why_not_reported(transaction, configuration, due.study, telling);
    if (!unwanted && analyse_what_lacks(transaction, due.study, active)) return;  // likewise
    if (unwanted) audit_unrevised(transaction, due.study, unwanted);
    for (const auto& model : telling)
        opened |=
            open_report(transaction, configuration, due.study, model, due.version, model == active.front());
    if (opened) note_report(transaction, due.study, due.version, active);
    const int kept = sql::execute(
        transaction,
        "UPDATE study SET due_at = NULL, first_pending_at = NULL, report_version = ?1, damage = '' "
        "WHERE id = ?2 AND due_at <= ?3",
        opened ? due.version : due.version - 1, due.study, transaction.at());
    if (kept == 0) sql::index_lies("study", due.study);
}

// It holds up no other.
void set_aside_study(Transaction& transaction, std::int64_t study, const std::string& why) {
    spdlog::error("no report of study {} can be opened, since a row of it cannot be read: {}", study, why);
    if (sql::execute(transaction,
                     "UPDATE study SET due_at = NULL, damage = ?1 WHERE id = ?2 AND due_at IS NOT NULL", why,
                     study) == 0)
        sql::index_lies("study", study);
    tell_damaged_row(transaction, "study", study, why);
}

}  // namespace

std::vector<std::string> models_to_tell(Transaction& transaction, const Configuration& configuration,
                                        std::int64_t study) {
    if (is_withdrawn(transaction, study)) return {};
    auto models = active_models(configuration);
    if (!configuration.study.revise)
        std::erase_if(models,
                      [&](const auto& model) { return has_its_only_report(transaction, study, model); });
    return models;
}

void open_due_reports(Transaction& transaction, const Configuration& configuration) {
    serve_new_callers(transaction, configuration);
    pass_over_unready(transaction, configuration);
    for (;;) {
        const auto due = due_studies(transaction, configuration);
        if (due.empty()) return;
        for (const auto& study : due) {
            const auto opened = transaction.apart([&] { open_reports(transaction, configuration, study); });
            if (!opened) set_aside_study(transaction, study.study, opened.error().message);
        }
    }
}

}  // namespace hilum
