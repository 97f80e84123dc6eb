#include "store/destinations.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/claim.h"
#include "store/jobs/states.h"
#include "store/overview/metric_catalogue.h"

namespace hilum {
namespace {

void audit_operator(Transaction& transaction, const char* type, const std::string& destination,
                    const std::string& actor) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = actor;
    event.detail = {{"destination", destination}};
    transaction.append_audit(event);
}

void audit_expiry(Transaction& transaction, const std::string& destination,
                  const std::string& study_instance_uid, const std::string& sop_instance_uid,
                  const std::string& why) {
    audit::AuditEvent event;
    event.type = "delivery_failed";
    event.outcome = "failure";
    event.actor = "hilum";
    event.study_instance_uid = study_instance_uid;
    event.sop_instance_uid = sop_instance_uid;
    event.detail = {{"destination", destination}, {"state", to_text(JobState::expired)}, {"message", why}};
    transaction.append_audit(event);
}

// Once it is down, until it answers: also where it is up between, and gives no association for what it is
// sent.
void note_away(Transaction& transaction, const std::string& destination) {
    sql::execute(transaction,
                 "INSERT INTO destination(name, away_since) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET "
                 "away_since = excluded.away_since WHERE away_since IS NULL",
                 destination, transaction.at());
}

// What waits for it counts from `at`. When results were sent stays with their commitment, whose failure is
// told by it from that of an earlier copy. How many; at most most_taken_up of each.
int count_anew(Transaction& transaction, const std::string& destination, std::int64_t at) {
    const int deliveries = sql::execute(
        transaction,
        "UPDATE job SET created_at = ?1, uncounted = 0, due = min(due, ?1) WHERE id IN (SELECT id FROM job"
        " WHERE state = 'queued' AND lane = ?2 AND created_at < ?1 LIMIT ?3)",
        at, lane_name(Lane::delivery, destination), most_taken_up);
    const int commitments = sql::execute(
        transaction,
        "UPDATE job SET uncounted = ?1 - created_at WHERE id IN (SELECT id FROM job WHERE state = 'queued'"
        " AND lane = ?2 AND created_at + uncounted < ?1 LIMIT ?3)",
        at, commitment_lane(destination), most_taken_up);
    return std::max(deliveries, commitments);
}

}  // namespace

bool is_paused(Transaction& transaction, const std::string& destination) {
    return sql::number(transaction,
                       "SELECT count(*) FROM destination WHERE name = ? AND paused_at IS NOT NULL",
                       destination)
               .value_or(0) != 0;
}

bool pause_destination(Transaction& transaction, const std::string& destination, const std::string& actor) {
    if (is_paused(transaction, destination)) return false;
    sql::execute(
        transaction,
        "INSERT INTO destination(name, paused_at, paused_by) VALUES(?, ?, ?) ON CONFLICT(name) DO UPDATE "
        "SET paused_at = excluded.paused_at, paused_by = excluded.paused_by",
        destination, transaction.at(), actor);
    audit_operator(transaction, "destination_paused", destination, actor);
    return true;
}

Resumption resume_destination(Transaction& transaction, const std::string& destination,
                              const std::string& actor, Timestamp ordered_at) {
    if (!is_paused(transaction, destination)) return Resumption::was_not_paused;
    if (count_anew(transaction, destination, to_microseconds(ordered_at)) >= most_taken_up)
        return Resumption::goes_on;
    sql::execute(transaction, "UPDATE destination SET paused_at = NULL, away_since = NULL WHERE name = ?",
                 destination);
    audit_operator(transaction, "destination_resumed", destination, actor);
    return Resumption::resumed;
}

int expire_deliveries(Transaction& transaction, const DestinationSettings& destination,
                      const std::string& why) {
    if (is_paused(transaction, destination.name)) return 0;
    note_away(transaction, destination.name);
    const std::int64_t at = transaction.at();
    struct Old {
        std::int64_t id;
        std::string study_instance_uid, sop_instance_uid;
    };
    std::vector<Old> old;
    sql::each(
        transaction,
        "SELECT job.id, study_instance_uid, sop_instance_uid FROM job JOIN delivery ON delivery.id = subject"
        " JOIN result ON result.id = result_id JOIN study ON study.id = job.study_id"
        " WHERE job.state = 'queued' AND lane = ?1 AND max(job.created_at + uncounted, iif(attempt = 0,"
        " (SELECT away_since FROM destination WHERE name = ?3), 0)) < ?2 LIMIT ?4",
        [&](const sql::Row& row) {
            old.push_back({row.int64(0), row.text(1), row.text(2)});
        },
        lane_name(Lane::delivery, destination.name), at - destination.give_up_after.count(), destination.name,
        most_taken_up);
    const auto [state, outcome] = stored(JobState::expired);
    for (const auto& delivery : old) {
        // Said again of the row itself, which was found by an index.
        if (sql::execute(transaction,
                         "UPDATE job SET state = ?, outcome = ?, error = ?, updated_at = ? WHERE id = ? AND "
                         "state = 'queued' AND lane = ?",
                         state, outcome, why, at, delivery.id,
                         lane_name(Lane::delivery, destination.name)) == 0)
            sql::index_lies("job", delivery.id);
        transaction.count("deliveries_expired", {{"destination", destination.name}});
        audit_expiry(transaction, destination.name, delivery.study_instance_uid, delivery.sop_instance_uid,
                     why);
    }
    return static_cast<int>(old.size());
}

void note_answer(Transaction& transaction, const std::string& destination) {
    sql::execute(transaction,
                 "UPDATE destination SET away_since = NULL WHERE name = ? AND away_since IS NOT NULL",
                 destination);
}

void note_delivered(Transaction& transaction, const std::string& destination, std::int64_t delivery) {
    const std::int64_t at = transaction.at();
    const auto received_at = sql::number(
        transaction,
        "SELECT received_at FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id = "
        "report_id"
        " WHERE delivery.id = ? AND delivered_at IS NULL",
        delivery);
    sql::execute(transaction, "UPDATE delivery SET delivered_at = coalesce(delivered_at, ?) WHERE id = ?", at,
                 delivery);
    if (received_at)
        transaction.observe("receipt_to_delivery_seconds", {{"destination", destination}},
                            Duration(at - *received_at));
}

}  // namespace hilum
