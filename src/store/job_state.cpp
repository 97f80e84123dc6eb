#include "store/job_state.h"
#include "store/audit/audit_event.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/clock.h"
#include "store/database/sql.h"
#include "store/overview/metric_catalogue.h"

namespace hilum {
namespace {

struct JobStatements {
    const char* attempts;
    const char* queue;
    const char* quarantine;
    const char* recover;
    const char* give_up;
    const char* kind;
};

const JobStatements& statements_of(JobTable table) {
    static const JobStatements analysis{
        "SELECT attempts FROM analysis WHERE id = ? AND state = 'running'",
        "UPDATE analysis SET state = 'queued', error_code = ?, error = ?, next_attempt_at = ?, updated_at = "
        "?,"
        " lease_until = NULL WHERE id = ?",
        "UPDATE analysis SET state = 'quarantined', error_code = ?, error = ?, updated_at = ?, lease_until = "
        "NULL"
        " WHERE id = ?",
        "UPDATE analysis SET state = 'queued', lease_until = NULL, updated_at = ?1, next_attempt_at = ?1"
        " WHERE state = 'running' AND attempts < ?2",
        "UPDATE analysis SET state = 'quarantined', lease_until = NULL, updated_at = ?,"
        " error_code = 'interrupted', error = 'every attempt was interrupted' WHERE state = 'running'",
        "analysis"};
    static const JobStatements report{
        "SELECT attempts FROM report WHERE id = ? AND state = 'running'",
        "UPDATE report SET state = 'queued', error_code = ?, error = ?, next_attempt_at = ?, updated_at = ?,"
        " lease_until = NULL WHERE id = ?",
        "UPDATE report SET state = 'quarantined', error_code = ?, error = ?, updated_at = ?, lease_until = "
        "NULL"
        " WHERE id = ?",
        "UPDATE report SET state = 'queued', lease_until = NULL, updated_at = ?1, next_attempt_at = ?1"
        " WHERE state = 'running' AND attempts < ?2",
        "UPDATE report SET state = 'quarantined', lease_until = NULL, updated_at = ?,"
        " error_code = 'interrupted', error = 'every attempt was interrupted' WHERE state = 'running'",
        "report"};
    return table == JobTable::analysis ? analysis : report;
}

}  // namespace

void recover_jobs(Transaction& transaction, const RetrySettings& retry) {
    const std::int64_t at = transaction.at();
    // An interruption of the whole node (power, kill -9) is rarely the job's fault: it has more lives than a
    // failure.
    const int lives = retry.max_attempts + 10;
    for (const auto table : {JobTable::analysis, JobTable::report}) {
        const auto& sql = statements_of(table);
        sql::execute(transaction, sql.recover, at, lives);
        const int given_up = sql::execute(transaction, sql.give_up, at);
        if (given_up > 0)
            transaction.count("jobs_quarantined", {{"kind", sql.kind}, {"code", "interrupted"}}, given_up);
    }
    // A delivery that was interrupted may have arrived: the same bytes are sent again.
    sql::execute(
        transaction,
        "UPDATE delivery SET state = iif(EXISTS (SELECT 1 FROM result JOIN report ON report.id = report_id"
        " WHERE result.id = result_id AND withdrawn != 0), 'discarded', 'queued'), lease_until = NULL,"
        " updated_at = ?1, next_attempt_at = ?1 WHERE state = 'running'",
        at);
}

void expire_stray_deliveries(Transaction& transaction, const std::vector<std::string>& destinations) {
    const std::int64_t at = transaction.at();
    const int stray = sql::execute(
        transaction,
        "UPDATE delivery SET state = 'expired', error = 'the destination is no longer configured', "
        "updated_at = ?1"
        " WHERE state = 'queued' AND destination NOT IN (SELECT value FROM json_each(?2))",
        at, nlohmann::json(destinations).dump());
    if (stray == 0) return;
    spdlog::warn("{} deliveries are to destinations that are no longer configured; they are expired", stray);
    audit::AuditEvent event;
    event.type = "deliveries_expired";
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"deliveries", stray}, {"reason", "their destinations are no longer configured"}};
    transaction.append_audit(event);
}

void adopt_models(Transaction& transaction, const std::vector<std::string>& models) {
    const std::int64_t at = transaction.at();
    const std::string known = nlohmann::json(models).dump();
    for (const auto& model : models)
        sql::execute(
            transaction,
            "INSERT INTO analysis(instance_id, model, state, next_attempt_at, created_at, updated_at)"
            " SELECT DISTINCT instance_id, ?1, 'queued', ?2, ?2, ?2 FROM analysis WHERE state = 'queued'"
            " AND model NOT IN (SELECT value FROM json_each(?3))"
            " ON CONFLICT(instance_id, model, frame) DO NOTHING",
            model, at, known);
    sql::execute(transaction,
                 "UPDATE analysis SET state = 'discarded', error = 'the model is no longer configured',"
                 " updated_at = ?1 WHERE state = 'queued' AND model NOT IN (SELECT value FROM json_each(?2))",
                 at, known);
}

void keep_frames(Transaction& transaction, std::int64_t id, const FrameCount& frames) {
    if (frames.of_image <= 1) return;
    const std::int64_t at = transaction.at();
    sql::execute(transaction, "UPDATE analysis SET frames = ? WHERE id = ?", frames.of_image, id);
    // The count comes from the process that parses foreign bytes.
    const int wanted = std::min({frames.wanted, frames.of_image, most_analysed_frames});
    for (int frame = 1; frame <= wanted; ++frame)
        sql::execute(
            transaction,
            "INSERT INTO analysis(instance_id, model, frame, frames, state, next_attempt_at, created_at,"
            " updated_at) SELECT instance_id, model, ?2, ?3, 'queued', ?4, ?4, ?4 FROM analysis WHERE id = ?1"
            " ON CONFLICT(instance_id, model, frame) DO NOTHING",
            id, frame, frames.of_image, at);
}

std::string fail_job(Transaction& transaction, JobTable table, std::int64_t id, const Error& error,
                     const RetrySettings& retry) {
    const auto& sql = statements_of(table);
    const auto attempts = sql::number(transaction, sql.attempts, id);
    if (!attempts) return "discarded";  // it was taken off the queue while it was worked on
    const std::int64_t at = transaction.at();
    const bool lasting = error.code == "disk_full";  // no attempt can mend it: it waits for room
    if (error.retry == Retry::never || (!lasting && *attempts >= retry.max_attempts)) {
        sql::execute(transaction, sql.quarantine, error.code, error.message, at, id);
        transaction.count("jobs_quarantined", {{"kind", sql.kind}, {"code", failure_label(error.code)}});
        return "quarantined";
    }
    const RetryPolicy policy{retry.first_delay, retry.longest_delay};
    const auto delay = policy.delay_after(static_cast<int>(*attempts)).count();
    sql::execute(transaction, sql.queue, error.code, error.message, at + delay, at, id);
    return "queued";
}

namespace {

// The condition that a selection puts on a row of a job table joined with its study; its three parameters are
// kind-and-id matched (0: by study), StudyInstanceUID and accession number.
#define HILUM_SELECTED(table)                                          \
    "((?1 != 0 AND " table                                             \
    ".id = ?1) OR (?1 = 0 AND ((?2 != '' AND study_instance_uid = ?2)" \
    " OR (?3 != '' AND accession_number = ?3))))"

constexpr const char* analyses_to_retry =
    "UPDATE analysis SET state = 'queued', attempts = 0, next_attempt_at = ?4, updated_at = ?4, error = '',"
    " error_code = '' WHERE id IN (SELECT analysis.id FROM analysis JOIN instance ON instance.id = "
    "instance_id"
    " JOIN study ON study.id = study_id WHERE instance.state = 'to_analyse' AND (analysis.state = "
    "'quarantined'"
    " OR (?1 != 0 AND analysis.state IN ('not_analysed', 'analysed', 'discarded'))"
    " OR (analysis.state = 'queued' AND next_attempt_at > ?4)) AND " HILUM_SELECTED("analysis") ")";
constexpr const char* studies_to_report =
    "UPDATE study SET due_at = ?1, first_pending_at = coalesce(first_pending_at, ?1), withdrawn_at = NULL"
    " WHERE id IN (SELECT "
    "study_id"
    " FROM instance JOIN analysis ON analysis.instance_id = instance.id WHERE analysis.state = 'queued'"
    " AND analysis.attempts = 0 AND analysis.updated_at = ?1)";
constexpr const char* reports_to_retry =
    "UPDATE report SET state = 'queued', attempts = 0, next_attempt_at = ?4, updated_at = ?4, error = '',"
    " error_code = '' WHERE id IN (SELECT report.id FROM report JOIN study ON study.id = study_id"
    " WHERE report.withdrawn = 0 AND report.state IN ('queued', 'quarantined', 'discarded') AND NOT EXISTS "
    "(SELECT 1 FROM report AS "
    "newer"
    " WHERE newer.study_id = report.study_id AND newer.model = report.model AND newer.version > "
    "report.version)"
    " AND " HILUM_SELECTED("report") ")";
constexpr const char* deliveries_to_retry =
    "UPDATE delivery SET state = 'queued', attempts = 0, refusals = 0, next_attempt_at = ?4, created_at = ?4,"
    " uncounted = 0, updated_at = ?4, commitment = ''"
    " WHERE id IN (SELECT delivery.id FROM delivery JOIN result ON result.id = result_id JOIN report"
    " ON report.id = report_id JOIN study ON study.id = report.study_id WHERE withdrawn = 0"
    " AND (delivery.state IN ('queued', 'refused', 'expired') OR (?1 != 0 AND delivery.state IN "
    "('delivered', 'discarded'))) AND " HILUM_SELECTED("delivery") ")";
constexpr const char* analyses_to_discard =
    "UPDATE analysis SET state = 'discarded', updated_at = ?4 WHERE id IN (SELECT analysis.id FROM analysis"
    " JOIN instance ON instance.id = instance_id JOIN study ON study.id = study_id"
    " WHERE analysis.state IN ('queued', 'quarantined') AND " HILUM_SELECTED("analysis") ")";
constexpr const char* reports_to_discard =
    "UPDATE report SET state = 'discarded', updated_at = ?4 WHERE id IN (SELECT report.id FROM report"
    " JOIN study ON study.id = study_id WHERE report.state IN ('queued', 'quarantined')"
    " AND " HILUM_SELECTED("report") ")";
constexpr const char* deliveries_to_discard =
    "UPDATE delivery SET state = 'discarded', updated_at = ?4 WHERE id IN (SELECT delivery.id FROM delivery"
    " JOIN result ON result.id = result_id JOIN report ON report.id = report_id JOIN study"
    " ON study.id = report.study_id WHERE delivery.state IN ('queued', 'refused', 'expired')"
    " AND " HILUM_SELECTED("delivery") ")";
#undef HILUM_SELECTED

int change_jobs(Transaction& transaction, const JobSelection& selection, std::int64_t at,
                const char* analyses, const char* reports, const char* deliveries) {
    const bool by_study = selection.kind.empty();
    int changed = 0;
    const auto change = [&](const char* kind, const char* sql) {
        if (!by_study && selection.kind != kind) return;
        changed += sql::execute(transaction, sql, by_study ? std::int64_t{0} : selection.id,
                                selection.study_instance_uid, selection.accession_number, at);
    };
    change("analysis", analyses);
    change("report", reports);
    change("delivery", deliveries);
    return changed;
}

void audit_operator(Transaction& transaction, const char* type, const JobSelection& selection,
                    const std::string& actor, int changed) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = actor;
    event.study_instance_uid = selection.study_instance_uid;
    event.detail = {{"kind", selection.kind},
                    {"id", selection.id},
                    {"accession_number", selection.accession_number},
                    {"jobs", changed}};
    transaction.append_audit(event);
}

}  // namespace

int retry_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor) {
    const std::int64_t at = transaction.at();
    const int changed =
        change_jobs(transaction, selection, at, analyses_to_retry, reports_to_retry, deliveries_to_retry);
    sql::execute(transaction, studies_to_report, at);
    audit_operator(transaction, "jobs_retried", selection, actor, changed);
    return changed;
}

int resend_results(Transaction& transaction, const ResultSelection& selection, const std::string& actor) {
    const int changed = sql::execute(
        transaction,
        "UPDATE delivery SET state = 'queued', attempts = 0, refusals = 0, next_attempt_at = ?4, created_at "
        "= ?4,"
        " uncounted = 0, commitment = '', updated_at = ?4, error = '' WHERE state != 'running' AND (?3 = '' "
        "OR destination "
        "= ?3) AND id IN"
        " (SELECT delivery.id FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id ="
        " report_id JOIN study ON study.id = report.study_id WHERE withdrawn = 0"
        " AND ((?1 != '' AND study_instance_uid = ?1) OR (?2 != '' AND accession_number = ?2)) AND "
        "(result.kind NOT IN ('sr', 'oru') OR NOT EXISTS (SELECT 1 FROM "
        "report"
        " AS newer JOIN result AS its ON its.report_id = newer.id AND its.kind = result.kind WHERE "
        "newer.study_id ="
        " report.study_id AND newer.model = report.model AND newer.version > report.version)))",
        selection.study_instance_uid, selection.accession_number, selection.destination, transaction.at());
    audit::AuditEvent event;
    event.type = "results_resent";
    event.actor = actor;
    event.study_instance_uid = selection.study_instance_uid;
    event.detail = {{"accession_number", selection.accession_number},
                    {"destination", selection.destination},
                    {"deliveries", changed}};
    transaction.append_audit(event);
    return changed;
}

int discard_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor) {
    const int changed = change_jobs(transaction, selection, transaction.at(), analyses_to_discard,
                                    reports_to_discard, deliveries_to_discard);
    audit_operator(transaction, "jobs_discarded", selection, actor, changed);
    return changed;
}

}  // namespace hilum
