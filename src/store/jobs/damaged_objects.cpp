#include "store/jobs/damaged_objects.h"

#include <spdlog/spdlog.h>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/damaged_results.h"

namespace hilum {
namespace {

audit::AuditEvent event_of_object(Transaction& transaction, const char* type, std::int64_t instance) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = "hilum";
    sql::each(
        transaction,
        "SELECT study_instance_uid, sop_instance_uid, file, dataset_sha256, instance.damage FROM instance "
        "JOIN study "
        "ON study.id = study_id WHERE instance.id = ?",
        [&](const sql::Row& row) {
            event.study_instance_uid = row.text(0);
            event.sop_instance_uid = row.text(1);
            event.detail = {{"file", row.text(2)}, {"sha256", row.text(3)}, {"damage", row.text(4)}};
        },
        instance);
    return event;
}

// What failed for the damage begins anew.
void queue_what_waited(Transaction& transaction, std::int64_t instance) {
    sql::execute(
        transaction,
        "UPDATE job SET state = 'queued', outcome = '', attempt = 0, interruptions = 0, due = ?1, error_code "
        "= '', "
        "error = '', updated_at = ?1 WHERE error_code = ?3 AND state = 'set_aside' AND id IN (SELECT "
        "job.id FROM analysis JOIN job ON lane = 'analyse/' || model AND subject = analysis.id WHERE "
        "instance_id = ?2)",
        transaction.at(), instance, std::string(object_damaged));
    // Versions that were being composed anew, and the results that wait for them.
    sql::execute(
        transaction,
        "UPDATE job SET state = 'queued', outcome = '', attempt = 0, interruptions = 0, due = ?1, updated_at "
        "= ?1 WHERE "
        "state = 'set_aside' AND study_id = (SELECT study_id FROM instance WHERE id = ?2) AND ((kind "
        "= 'report' AND error_code = ?3 AND subject IN (SELECT id FROM report WHERE composed_anew > "
        "0 OR kind = 'withdrawal')) OR (kind = 'delivery' AND error_code = ?4))",
        transaction.at(), instance, std::string(object_damaged), std::string(result_damaged));
}

}  // namespace

bool keep_object_damaged(Transaction& transaction, std::int64_t instance, const std::string& file,
                         const std::string& how) {
    if (!sql::number(transaction,
                     "SELECT 1 FROM instance WHERE id = ?1 AND (file = ?2 OR substr(?2, -length(file) - 1) = "
                     "'/' || file)",
                     instance, file))
        return false;
    const bool news =
        sql::execute(transaction,
                     "UPDATE instance SET damaged_at = ?, damage = ? WHERE id = ? AND damaged_at IS NULL",
                     transaction.at(), how, instance) > 0;
    if (!news) return true;
    // Once another takes its place no row names this file, and it is not to be adopted for what it is now.
    sql::execute(
        transaction,
        "INSERT OR REPLACE INTO earlier_object SELECT file, dataset_sha256, received_at FROM instance "
        "WHERE id = ?",
        instance);
    auto event = event_of_object(transaction, "object_damaged", instance);
    event.outcome = "failure";
    transaction.append_audit(event);
    transaction.count("objects_damaged");
    spdlog::error("instance {}: {}", instance, how);
    return true;
}

void keep_object_mended(Transaction& transaction, std::int64_t instance) {
    if (!sql::number(transaction, "SELECT 1 FROM instance WHERE id = ? AND damaged_at IS NOT NULL", instance))
        return;
    auto event = event_of_object(transaction, "object_mended", instance);
    sql::execute(transaction, "UPDATE instance SET damaged_at = NULL, damage = '' WHERE id = ?", instance);
    queue_what_waited(transaction, instance);
    sql::execute(transaction,
                 "UPDATE study SET due_at = ?1, first_pending_at = coalesce(first_pending_at, ?1) WHERE id = "
                 "(SELECT study_id FROM instance WHERE id = ?2 AND state = 'to_analyse' AND EXISTS (SELECT 1 "
                 "FROM analysis WHERE instance_id = ?2))",
                 transaction.at(), instance);
    transaction.append_audit(event);
}

void queue_notes_that_waited(Transaction& transaction, std::int64_t study) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'queued', outcome = '', attempt = 0, interruptions = 0, due = ?1, "
                 "updated_at = ?1 WHERE lane = ?4 AND state = 'set_aside' AND error_code = ?3 AND subject IN "
                 "(SELECT id FROM report WHERE report.study_id = ?2 AND report.kind = 'withdrawal')",
                 transaction.at(), study, std::string(object_damaged), lane_name(Lane::report, ""));
}

bool misses_damaged_objects(Transaction& transaction, std::int64_t report) {
    return sql::number(transaction,
                       "SELECT 1 FROM report JOIN instance ON instance.study_id = report.study_id WHERE "
                       "report.id = ? AND kind = 'results' AND instance.state = 'to_analyse' AND "
                       "instance.damaged_at IS NOT NULL "
                       "AND instance.id <= coalesce(last_instance, instance.id) LIMIT 1",
                       report)
        .has_value();
}

}  // namespace hilum
