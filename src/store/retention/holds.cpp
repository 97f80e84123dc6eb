#include "store/retention/holds.h"

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

struct HeldStudy {
    std::int64_t id = 0;
    bool held = false, removed = false;
    std::string reason;
};

HeldStudy find_study(Transaction& transaction, const std::string& study_instance_uid) {
    HeldStudy found;
    sql::each(
        transaction,
        "SELECT id, held_at IS NOT NULL, removed_at IS NOT NULL, held_for FROM study WHERE study_instance_uid"
        " = ?",
        [&](const sql::Row& row) {
            found = {row.int64(0), row.int32(1) != 0, row.int32(2) != 0, row.text(3)};
        },
        study_instance_uid);
    return found;
}

void audit_hold(Transaction& transaction, const char* type, const std::string& study_instance_uid,
                const std::string& reason, const std::string& actor) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = actor;
    event.study_instance_uid = study_instance_uid;
    event.detail = {{"reason", reason}};
    transaction.append_audit(event);
}

}  // namespace

HoldChange hold_study(Transaction& transaction, const std::string& study_instance_uid,
                      const std::string& reason, const std::string& actor) {
    const auto study = find_study(transaction, study_instance_uid);
    if (study.id == 0) return {};
    if (study.held && study.reason == reason) return {true, false, study.removed, false};
    sql::execute(transaction,
                 "UPDATE study SET held_at = coalesce(held_at, ?), held_by = ?, held_for = ? WHERE id = ?",
                 transaction.at(), actor, reason, study.id);
    note_hold(transaction, study_instance_uid);
    audit_hold(transaction, "study_held", study_instance_uid, reason, actor);
    return {true, !study.held, study.removed, study.held};
}

HoldChange release_study(Transaction& transaction, const std::string& study_instance_uid,
                         const std::string& reason, const std::string& actor) {
    const auto study = find_study(transaction, study_instance_uid);
    if (study.id == 0) return {};
    if (!study.held) return {true, false, study.removed, false};
    sql::execute(transaction, "UPDATE study SET held_at = NULL, held_by = '', held_for = '' WHERE id = ?",
                 study.id);
    note_hold(transaction, study_instance_uid);
    audit_hold(transaction, "study_released", study_instance_uid, reason, actor);
    return {true, true, study.removed, false};
}

}  // namespace hilum
