#include "store/study_rows.h"

#include "store/database/sql.h"

namespace hilum {

std::string study_instance_uid_of(Transaction& transaction, std::int64_t study) {
    std::string uid;
    sql::each(
        transaction, "SELECT study_instance_uid FROM study WHERE id = ?",
        [&](const sql::Row& row) { uid = row.text(0); }, study);
    return uid;
}

void know_study(Transaction& transaction, const std::string& study_instance_uid, std::int64_t since) {
    sql::execute(transaction,
                 "INSERT INTO study(study_instance_uid, created_at, received_at) VALUES(?1, ?2, ?2) ON "
                 "CONFLICT DO NOTHING",
                 study_instance_uid, since);
}

void discard_unmade_reports(Transaction& transaction, std::int64_t study, const std::string& why) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', owner = NULL, lease = NULL, error = ?,"
                 " updated_at = ? WHERE lane = 'compose' AND word IN ('queued', 'running', 'quarantined') AND"
                 " subject IN (SELECT id FROM report WHERE study_id = ? AND kind = 'results')",
                 why, transaction.at(), study);
}

}  // namespace hilum
