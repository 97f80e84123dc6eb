#include "store/jobs/orders.h"

#include "store/audit/audit_event.h"
#include "store/database/sql.h"

namespace hilum {
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
