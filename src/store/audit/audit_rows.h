// Rows of audit_event as events.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/audit/audit_event.h"

namespace hilum {

// Of a row of: id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail. Throws
// where the detail is no JSON.
inline audit::AuditEvent audit_event_of(SQLite::Statement& row) {
    audit::AuditEvent event;
    event.id = row.getColumn(0).getInt64();
    event.at = row.getColumn(1).getInt64();
    event.type = row.getColumn(2).getString();
    event.outcome = row.getColumn(3).getString();
    event.actor = row.getColumn(4).getString();
    event.study_instance_uid = row.getColumn(5).getString();
    event.sop_instance_uid = row.getColumn(6).getString();
    event.patient_id = row.getColumn(7).getString();
    event.detail = nlohmann::json::parse(row.getColumn(8).getString());
    return event;
}

}  // namespace hilum
