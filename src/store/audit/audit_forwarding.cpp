#include "store/audit/audit_forwarding.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "store/audit/audit_rows.h"
#include "store/database/sql.h"

namespace hilum {
namespace {

AuditRecord record_of(const sql::Row& row) {
    AuditRecord record{AuditRecordKind::event, row.int64(0), row.int64(1), "", row.text(10)};
    try {
        auto event = audit::to_json(audit_event_of(row));
        event["hash"] = row.text(9);
        record.text = event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    } catch (const nlohmann::json::exception&) {
        record.kind = AuditRecordKind::unspoken;
    }
    return record;
}

}  // namespace

void configure_audit_servers(Transaction& transaction, const std::vector<std::string>& names) {
    sql::execute(transaction, "UPDATE audit_server SET configured = 0");
    for (const auto& name : names)
        sql::execute(
            transaction,
            "INSERT INTO audit_server(name, through, configured) VALUES(?, 0, 1) ON CONFLICT(name) DO "
            "UPDATE SET configured = 1",
            name);
    sql::execute(transaction,
                 "UPDATE audit_server SET through = min(through, coalesce((SELECT max(id) FROM audit_event), "
                 "0))");
}

std::int64_t forwarded_through(Transaction& transaction, const std::string& server) {
    return sql::number(transaction, "SELECT through FROM audit_server WHERE name = ?", server).value_or(0);
}

std::vector<AuditRecord> audit_records_after(Transaction& transaction, std::int64_t after, int most,
                                             std::size_t most_bytes) {
    std::vector<AuditRecord> records;
    std::size_t bytes = 0;
    sql::each(
        transaction,
        "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail, hash,"
        " iif(patient_id = '' AND study_instance_uid != '', coalesce((SELECT study.patient_id FROM study"
        " WHERE study.study_instance_uid = audit_event.study_instance_uid), ''), patient_id)"
        " FROM audit_event WHERE id > ? ORDER BY id LIMIT ?",
        [&](const sql::Row& row) {
            if (bytes > 0 && bytes >= most_bytes) return;
            records.push_back(record_of(row));
            bytes += records.back().text.size() + 1;
        },
        after, most);
    return records;
}

void keep_forwarded(Transaction& transaction, const std::string& server, std::int64_t through) {
    const auto before = forwarded_through(transaction, server);
    if (through <= before) return;
    const auto sent = sql::number(transaction, "SELECT count(*) FROM audit_event WHERE id > ? AND id <= ?",
                                  before, through);
    sql::execute(transaction, "UPDATE audit_server SET through = ?, sent_at = ? WHERE name = ?", through,
                 transaction.at(), server);
    transaction.count("audit_syslog_sent", {{"server", server}}, sent.value_or(0));
}

std::optional<std::int64_t> forwarded_to_all(Transaction& transaction) {
    return sql::number(transaction, "SELECT min(through) FROM audit_server WHERE configured = 1");
}

std::vector<AuditBacklog> audit_backlogs(Transaction& transaction) {
    std::vector<AuditBacklog> all;
    sql::each(transaction,
              "SELECT name, coalesce(max(0, (SELECT max(id) FROM audit_event) - max(through, (SELECT min(id)"
              " FROM audit_event) - 1)), 0), (SELECT at FROM audit_event WHERE id > through ORDER BY id"
              " LIMIT 1), sent_at FROM audit_server WHERE configured = 1 ORDER BY name",
              [&](const sql::Row& row) {
                  AuditBacklog one{row.text(0), row.int64(1), std::nullopt, std::nullopt};
                  if (!row.is_null(2)) one.oldest_at = row.int64(2);
                  if (!row.is_null(3)) one.last_sent_at = row.int64(3);
                  all.push_back(one);
              });
    return all;
}

}  // namespace hilum
