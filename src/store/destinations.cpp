#include "store/destinations.h"

#include <vector>

#include "base/clock.h"
#include "store/overview/metric_catalogue.h"

namespace hilum {
namespace {

void audit_operator(Database& database, const char* type, const std::string& destination,
                    const std::string& actor) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = actor;
    event.detail = {{"destination", destination}};
    database.append_audit(event);
}

void audit_expiry(Database& database, const std::string& destination, const std::string& study_instance_uid,
                  const std::string& sop_instance_uid, const std::string& why) {
    audit::AuditEvent event;
    event.type = "delivery_failed";
    event.outcome = "failure";
    event.actor = "hilum";
    event.study_instance_uid = study_instance_uid;
    event.sop_instance_uid = sop_instance_uid;
    event.detail = {{"destination", destination}, {"state", "expired"}, {"message", why}};
    database.append_audit(event);
}

}  // namespace

bool is_paused(Database& database, const std::string& destination) {
    return database
               .number("SELECT count(*) FROM destination WHERE name = ? AND paused_at IS NOT NULL",
                       destination)
               .value_or(0) != 0;
}

bool pause_destination(Database& database, const std::string& destination, const std::string& actor) {
    if (is_paused(database, destination)) return false;
    database.execute("INSERT OR REPLACE INTO destination(name, paused_at, paused_by) VALUES(?, ?, ?)",
                     destination, to_microseconds(now()), actor);
    audit_operator(database, "destination_paused", destination, actor);
    return true;
}

bool resume_destination(Database& database, const std::string& destination, const std::string& actor) {
    if (!is_paused(database, destination)) return false;
    const std::int64_t at = to_microseconds(now());
    database.execute("UPDATE destination SET paused_at = NULL WHERE name = ?", destination);
    database.execute(
        "UPDATE delivery SET created_at = ?1, uncounted = 0, next_attempt_at = min(next_attempt_at, ?1)"
        " WHERE state = 'queued' AND destination = ?2",
        at, destination);
    database.execute(
        "UPDATE delivery SET created_at = ?, uncounted = 0 WHERE commitment IN ('wanted', 'requested') AND "
        "destination = ?",
        at, destination);
    audit_operator(database, "destination_resumed", destination, actor);
    return true;
}

int expire_deliveries(Database& database, const DestinationSettings& destination, const std::string& why) {
    if (is_paused(database, destination.name)) return 0;
    const std::int64_t at = to_microseconds(now());
    struct Old {
        std::int64_t id;
        std::string study_instance_uid, sop_instance_uid;
    };
    std::vector<Old> old;
    database.each(
        "SELECT delivery.id, study_instance_uid, sop_instance_uid FROM delivery"
        " JOIN result ON result.id = result_id JOIN report ON report.id = report_id"
        " JOIN study ON study.id = report.study_id"
        " WHERE delivery.state = 'queued' AND destination = ? AND delivery.created_at + uncounted < ?",
        [&](SQLite::Statement& row) {
            old.push_back(
                {row.getColumn(0).getInt64(), row.getColumn(1).getString(), row.getColumn(2).getString()});
        },
        destination.name, at - destination.give_up_after.count());
    for (const auto& delivery : old) {
        database.execute("UPDATE delivery SET state = 'expired', error = ?, updated_at = ? WHERE id = ?", why,
                         at, delivery.id);
        database.count("deliveries_expired", {{"destination", destination.name}});
        audit_expiry(database, destination.name, delivery.study_instance_uid, delivery.sop_instance_uid, why);
    }
    return static_cast<int>(old.size());
}

void note_delivered(Database& database, const std::string& destination, std::int64_t delivery) {
    const std::int64_t at = to_microseconds(now());
    const auto received_at = database.number(
        "SELECT received_at FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id = "
        "report_id"
        " WHERE delivery.id = ? AND delivered_at IS NULL",
        delivery);
    database.execute("UPDATE delivery SET delivered_at = coalesce(delivered_at, ?) WHERE id = ?", at,
                     delivery);
    if (received_at)
        observe(database, "receipt_to_delivery_seconds", {{"destination", destination}},
                Duration(at - *received_at));
}

}  // namespace hilum
