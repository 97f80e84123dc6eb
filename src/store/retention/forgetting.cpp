#include "store/retention/forgetting.h"

#include <spdlog/spdlog.h>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"

namespace hilum {
namespace {

constexpr int most_studies = 10, most_records = 500, most_set_aside = 50;
constexpr std::int64_t pages_at_once = 64;  // 256 KiB of the WAL

#define HILUM_REPORTS_OF_STUDY "(SELECT id FROM report WHERE study_id = ?1)"
#define HILUM_RESULTS_OF_STUDY "(SELECT id FROM result WHERE report_id IN " HILUM_REPORTS_OF_STUDY ")"
#define HILUM_OBJECTS_OF_STUDY "(SELECT id FROM instance WHERE study_id = ?1)"

// Children before what they refer to.
constexpr const char* rows_of_study[] = {
    "DELETE FROM delivery WHERE result_id IN " HILUM_RESULTS_OF_STUDY,
    "DELETE FROM result WHERE report_id IN " HILUM_REPORTS_OF_STUDY,
    "DELETE FROM composed_for WHERE report_id IN " HILUM_REPORTS_OF_STUDY,
    "DELETE FROM report WHERE study_id = ?1",
    "DELETE FROM analysis WHERE instance_id IN " HILUM_OBJECTS_OF_STUDY,
    "DELETE FROM instance WHERE study_id = ?1",
    "DELETE FROM job WHERE study_id = ?1",
    "DELETE FROM study WHERE id = ?1",
};

// SQLite gives the number after the greatest, and people, logs and the audit trail name things by numbers.
constexpr const char* has_the_newest =
    "SELECT 1 WHERE ?1 = (SELECT max(id) FROM study) OR (SELECT max(id) FROM instance)"
    " IN " HILUM_OBJECTS_OF_STUDY
    " OR (SELECT max(id) FROM analysis) IN (SELECT id FROM analysis WHERE instance_id"
    " IN " HILUM_OBJECTS_OF_STUDY ") OR (SELECT max(id) FROM report) IN " HILUM_REPORTS_OF_STUDY
    " OR (SELECT max(id) FROM result) IN " HILUM_RESULTS_OF_STUDY
    " OR (SELECT max(id) FROM delivery) IN (SELECT id FROM delivery WHERE result_id"
    " IN " HILUM_RESULTS_OF_STUDY
    ") OR (SELECT max(id) FROM job) IN (SELECT id FROM job WHERE study_id = ?1)";
#undef HILUM_REPORTS_OF_STUDY
#undef HILUM_RESULTS_OF_STUDY
#undef HILUM_OBJECTS_OF_STUDY

std::vector<std::int64_t> forgotten_now(Transaction& transaction, Duration remember) {
    std::vector<std::int64_t> studies;
    sql::each(
        transaction,
        "SELECT id FROM study WHERE removed_at IS NOT NULL AND removed_at <= ? AND held_at IS NULL AND "
        "due_at IS"
        " NULL AND NOT EXISTS (SELECT 1 FROM removal WHERE study_id = study.id) AND NOT EXISTS (SELECT 1 FROM"
        " job WHERE job.study_id = study.id AND state IN ('queued', 'running')) ORDER BY removed_at, id LIMIT"
        " ?",
        [&](const sql::Row& row) { studies.push_back(row.int64(0)); }, transaction.at() - remember.count(),
        most_studies);
    std::erase_if(studies, [&](std::int64_t study) {
        return sql::number(transaction, has_the_newest, study).has_value();
    });
    return studies;
}

}  // namespace

int forget_studies(Transaction& transaction, Duration remember) {
    const auto studies = forgotten_now(transaction, remember);
    for (const auto study : studies)
        for (const auto* rows : rows_of_study) sql::execute(transaction, rows, study);
    if (studies.empty()) return 0;
    audit::AuditEvent event;
    event.type = "studies_forgotten";
    event.actor = "hilum";
    event.detail = {{"studies", studies.size()}};
    transaction.append_audit(event);
    transaction.count("forgotten_studies", {}, static_cast<std::int64_t>(studies.size()));
    return static_cast<int>(studies.size());
}

int forget_records(Transaction& transaction, Duration remember) {
    const auto before = transaction.at() - remember.count();
    const int requests = sql::execute(
        transaction,
        "DELETE FROM commitment WHERE transaction_uid IN (SELECT transaction_uid FROM commitment WHERE"
        " requested_at <= ? LIMIT ?)",
        before, most_records);
    return requests +
           sql::execute(transaction,
                        "DELETE FROM spool_survey WHERE id IN (SELECT id FROM spool_survey WHERE at"
                        " <= ? AND finished_at IS NOT NULL AND id < (SELECT max(id) FROM"
                        " spool_survey) LIMIT ?)",
                        before, most_records);
}

int forget_refusals(Transaction& transaction, Duration keep_failed) {
    return sql::execute(
        transaction,
        "DELETE FROM refused_instance WHERE id IN (SELECT id FROM refused_instance WHERE last_at"
        " <= ? AND id < (SELECT max(id) FROM refused_instance) LIMIT ?)",
        transaction.at() - keep_failed.count(), most_records);
}

int remove_set_aside(Transaction& transaction, Duration keep_failed) {
    struct File {
        std::string name, code;
    };
    std::vector<File> files;
    sql::each(
        transaction, "SELECT file, code FROM set_aside WHERE at <= ? ORDER BY at LIMIT ?",
        [&](const sql::Row& row) {
            files.push_back({row.text(0), row.text(1)});
        },
        transaction.at() - keep_failed.count(), most_set_aside);
    for (const auto& file : files) {
        const auto name = file.name.substr(file.name.rfind('/') + 1);
        sql::execute(transaction,
                     "INSERT OR IGNORE INTO removal(study_id, folder, file) VALUES(0, 'spool', ?)",
                     "set-aside/" + name);
        sql::execute(transaction, "DELETE FROM set_aside WHERE file = ?", file.name);
        audit::AuditEvent event;
        event.type = "set_aside_removed";
        event.outcome = "failure";
        event.actor = "hilum";
        event.detail = {{"file", name}, {"code", file.code}};
        transaction.append_audit(event);
        transaction.count("removed_files", {{"reason", "failed"}});
        spdlog::warn("spool/set-aside/{} lay there longer than retention.keep_failed: it goes", name);
    }
    return static_cast<int>(files.size());
}

bool give_back_pages(Transaction& transaction) {
    const auto empty = sql::number(transaction, "PRAGMA freelist_count").value_or(0);
    if (empty == 0) return false;
    // A number in a PRAGMA cannot be a parameter.
    static const std::string statement = fmt::format("PRAGMA incremental_vacuum({})", pages_at_once);
    sql::execute(transaction, statement);
    return sql::number(transaction, "PRAGMA freelist_count").value_or(0) < empty;
}

}  // namespace hilum
