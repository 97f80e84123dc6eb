// Rows of audit_event as events.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"

namespace hilum {

// Rows of: id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail.
inline audit::AuditEvent audit_event_without_detail(const sql::Row& row) {
    audit::AuditEvent event;
    event.id = row.int64(0);
    event.at = row.int64(1);
    event.type = row.text(2);
    event.outcome = row.text(3);
    event.actor = row.text(4);
    event.study_instance_uid = row.text(5);
    event.sop_instance_uid = row.text(6);
    event.patient_id = row.text(7);
    return event;
}

// Throws where the detail is no JSON.
inline audit::AuditEvent audit_event_of(const sql::Row& row) {
    auto event = audit_event_without_detail(row);
    event.detail = nlohmann::json::parse(row.text(8));
    return event;
}

// As people are told it. One whose detail is no JSON hides no other: its text is told as it is.
inline nlohmann::json told_audit_event(const sql::Row& row) {
    auto event = audit_event_without_detail(row);
    auto detail = nlohmann::json::parse(row.text(8), nullptr, false);
    const bool readable = !detail.is_discarded();
    if (readable) event.detail = std::move(detail);
    auto told = audit::to_json(event);
    if (!readable) told[audit::unreadable_detail] = row.text(8);
    return told;
}

// Number and digest of the newest event; 0 and empty where there is none.
inline std::pair<std::int64_t, std::string> newest_audit_event(Transaction& transaction) {
    std::pair<std::int64_t, std::string> newest;
    sql::each(transaction, "SELECT id, hash FROM audit_event ORDER BY id DESC LIMIT 1",
              [&](const sql::Row& row) {
                  newest = {row.int64(0), row.text(1)};
              });
    return newest;
}

}  // namespace hilum
