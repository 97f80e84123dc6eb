#include "store/database/transaction.h"

#include <algorithm>
#include <new>

#include "store/audit/audit_event.h"
#include "store/audit/audit_rows.h"
#include "store/database/connection.h"
#include "store/database/sql.h"
#include "store/overview/histogram.h"

namespace hilum {

Transaction::Transaction(Database& database, Timestamp now, Duration ago)
    : connection_(*database.connection_), now_(now), ago_(ago) {}

void Transaction::append_audit(audit::AuditEvent event) {
    auto& tail = connection_.audit_tail;
    if (!tail) {
        const auto [id, hash] = newest_audit_event(*this);
        tail = Connection::AuditTail{id, id > 0 ? hash : audit::first_hash};
    }
    event.id = tail->id + 1;
    event.at = at();
    if (ago_ > kept_late) event.detail["happened_at"] = to_iso8601(now_ - ago_);
    const auto hash = audit::chain_hash(tail->hash, event);
    const auto detail = event.detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    sql::execute(*this,
                 "INSERT INTO audit_event(id, at, type, outcome, actor, study_instance_uid, sop_instance_uid,"
                 " patient_id, detail, hash) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 event.id, event.at, event.type, event.outcome, event.actor, event.study_instance_uid,
                 event.sop_instance_uid, event.patient_id, detail, hash);
    tail = Connection::AuditTail{event.id, hash};
}

void Transaction::count(std::string_view name, const Labels& labels, std::int64_t by) {
    const auto text = nlohmann::json(labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    sql::execute(*this,
                 "INSERT INTO counter(name, labels, value) VALUES(?, ?, ?)"
                 " ON CONFLICT(name, labels) DO UPDATE SET value = value + excluded.value",
                 name, text, by);
}

void Transaction::observe(std::string_view name, Labels labels, Duration duration) {
    duration = std::max(duration, Duration::zero());
    count(std::string(name) + std::string(sum_suffix), labels, duration.count());
    const auto* const bound = std::ranges::find_if(
        bucket_bounds, [&](const auto& one) { return duration <= std::chrono::seconds(one.first); });
    labels["le"] = bound == bucket_bounds.end() ? no_bound : bound->second;
    count(std::string(name) + std::string(bucket_suffix), labels);
}

void Transaction::note_fact(const nlohmann::json& fact, bool lasting) {
    if (!connection_.journal) return;
    connection_.facts.push_back(FactJournal::line_of(fact));
    connection_.facts_must_last = connection_.facts_must_last || lasting;
}

void Transaction::begin_part() {
    connection_.facts_before.push_back(connection_.facts.size());
    sql::execute(*this, "SAVEPOINT part");
}

void Transaction::end_part() {
    sql::execute(*this, "RELEASE part");
    connection_.facts_before.pop_back();
}

Status Transaction::undo_part(const std::exception& error) {
    const auto* failure = dynamic_cast<const DatabaseFailure*>(&error);
    if (failure != nullptr && failure->kind() != DatabaseFailure::Kind::refused) throw;
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) throw;  // which says nothing of the row
    const std::string why = error.what();
    sql::execute(*this, "ROLLBACK TO part");
    sql::execute(*this, "RELEASE part");
    connection_.audit_tail.reset();
    connection_.facts.resize(connection_.facts_before.back());
    connection_.facts_before.pop_back();
    return fail("unreadable_row", "{}", why);
}

}  // namespace hilum
