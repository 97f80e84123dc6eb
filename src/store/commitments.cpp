#include "store/commitments.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.h"
#include "base/uid.h"
#include "store/destinations.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

struct Delivered {
    std::int64_t id = 0;
    std::string study_instance_uid, sop_instance_uid;
    int refusals = 0;
    std::string transaction_uid;  // of the last request since it was sent
};

const char* meaning_of(int failure_reason) {  // PS3.3 C.14.1.1
    switch (failure_reason) {
        case 0x0110:
            return "processing failure";
        case 0x0112:
            return "no such object instance";
        case 0x0213:
            return "resource limitation";
        case 0x0122:
            return "SOP class not supported";
        case 0x0119:
            return "class and instance conflict";
        case 0x0131:
            return "duplicate transaction UID";
        default:
            return "a reason that the standard does not know";
    }
}

void audit_commitment(Database& database, const char* type, bool success, const Delivered& delivered,
                      nlohmann::json detail) {
    audit::AuditEvent event;
    event.type = type;
    event.outcome = success ? "success" : "failure";
    event.actor = "hilum";
    event.study_instance_uid = delivered.study_instance_uid;
    event.sop_instance_uid = delivered.sop_instance_uid;
    event.detail = std::move(detail);
    database.append_audit(event);
}

void give_up_old(Database& database, const DestinationSettings& destination, std::int64_t at) {
    std::vector<Delivered> old;
    database.each(
        "SELECT delivery.id, study_instance_uid, sop_instance_uid FROM delivery JOIN result ON result.id ="
        " result_id JOIN report ON report.id = report_id JOIN study ON study.id = report.study_id"
        " WHERE destination = ? AND delivery.state = 'delivered' AND withdrawn = 0"
        " AND commitment IN ('wanted', 'requested') AND commitment_at <= ? AND delivery.created_at + "
        "uncounted < ?",
        [&](SQLite::Statement& row) {
            old.push_back({row.getColumn(0).getInt64(), row.getColumn(1).getString(),
                           row.getColumn(2).getString(), 0, ""});
        },
        destination.name, at, at - destination.give_up_after.count());
    for (const auto& delivered : old) {
        database.execute(
            "UPDATE delivery SET commitment = 'failed', commitment_at = ?1, updated_at = ?1,"
            " error = 'the destination never told whether it keeps this' WHERE id = ?2",
            at, delivered.id);
        database.count("commitments", {{"destination", destination.name}, {"outcome", "given_up"}});
        audit_commitment(database, "commitment_failed", false, delivered,
                         {{"destination", destination.name}, {"reason", "no answer within give_up_after"}});
    }
}

// The delivered instance that a report names; nothing where it is none that waits for one.
std::optional<Delivered> awaited(Database& database, const std::string& destination,
                                 const std::string& sop_instance_uid) {
    std::optional<Delivered> found;
    database.each(
        "SELECT delivery.id, study_instance_uid, sop_instance_uid, refusals, commitment_transaction"
        " FROM delivery JOIN result ON"
        " result.id = result_id JOIN report ON report.id = report_id JOIN study ON study.id = report.study_id"
        " WHERE destination = ? AND sop_instance_uid = ? AND delivery.state = 'delivered' AND withdrawn = 0"
        " AND commitment IN ('wanted', 'requested', 'failed')",
        [&](SQLite::Statement& row) {
            found = Delivered{row.getColumn(0).getInt64(), row.getColumn(1).getString(),
                              row.getColumn(2).getString(), row.getColumn(3).getInt(),
                              row.getColumn(4).getString()};
        },
        destination, sop_instance_uid);
    return found;
}

void keep_committed(Database& database, const CommitmentReport& report, const std::string& destination,
                    const Delivered& delivered, std::int64_t at) {
    database.execute(
        "UPDATE delivery SET commitment = 'committed', commitment_at = ?1, updated_at = ?1, error = ''"
        " WHERE id = ?2",
        at, delivered.id);
    database.count("commitments", {{"destination", destination}, {"outcome", "committed"}});
    audit_commitment(database, "result_committed", true, delivered,
                     {{"destination", destination},
                      {"transaction_uid", report.transaction_uid},
                      {"by", report.calling_ae + "@" + report.peer}});
}

void keep_failed(Database& database, const CommitmentReport& report, const DestinationSettings& destination,
                 const Delivered& delivered, int reason, std::int64_t at) {
    const auto why =
        fmt::format("the destination does not keep what it took: {:04X}, {}", reason, meaning_of(reason));
    const bool again = delivered.refusals + 1 < destination.refused_attempts;
    const RetryPolicy policy{destination.first_delay, destination.longest_delay};
    database.execute(
        "UPDATE delivery SET state = ?1, commitment = 'failed', commitment_at = ?2, updated_at = ?2,"
        " next_attempt_at = ?3, refusals = refusals + 1, error = ?4 WHERE id = ?5",
        again ? "queued" : "refused", at, at + policy.delay_after(delivered.refusals + 1).count(), why,
        delivered.id);
    database.count("commitments", {{"destination", destination.name}, {"outcome", "failed"}});
    audit_commitment(database, "commitment_failed", false, delivered,
                     {{"destination", destination.name},
                      {"transaction_uid", report.transaction_uid},
                      {"reason", fmt::format("{:04X}", reason)},
                      {"state", again ? "queued" : "refused"},
                      {"by", report.calling_ae + "@" + report.peer}});
}

}  // namespace

void want_commitment(Database& database, std::int64_t delivery) {
    database.execute(
        "UPDATE delivery SET commitment = 'wanted', commitment_at = ?, commitment_transaction = ''"
        " WHERE id = ? AND EXISTS (SELECT 1 FROM result JOIN report ON report.id = report_id"
        " WHERE result.id = result_id AND withdrawn = 0)",
        to_microseconds(now() + commitment_gathering), delivery);
}

void forget_commitments(Database& database, const std::vector<std::string>& asked) {
    database.execute(
        "UPDATE delivery SET commitment = '' WHERE commitment IN ('wanted', 'requested')"
        " AND destination NOT IN (SELECT value FROM json_each(?))",
        nlohmann::json(asked).dump());
}

CommitmentClaim claim_commitment(Database& database, const DestinationSettings& destination) {
    CommitmentClaim claim;
    if (is_paused(database, destination.name)) return claim;
    const std::int64_t at = to_microseconds(now());
    give_up_old(database, destination, at);
    CommitmentRequest request{random_uid().value(), {}};
    database.each(
        "SELECT sop_class_uid, sop_instance_uid FROM delivery JOIN result ON result.id = result_id"
        " JOIN report ON report.id = report_id WHERE destination = ? AND delivery.state = 'delivered'"
        " AND withdrawn = 0 AND commitment IN ('wanted', 'requested')"
        " AND commitment_at <= ? ORDER BY commitment_at, delivery.id LIMIT ?",
        [&](SQLite::Statement& row) {
            request.instances.push_back({row.getColumn(0).getString(), row.getColumn(1).getString()});
        },
        destination.name, at, most_requested_commitments);
    if (request.instances.empty()) {
        claim.next_at = database.number(
            "SELECT min(commitment_at) FROM delivery JOIN result ON result.id = result_id JOIN report ON"
            " report.id = report_id WHERE destination = ? AND delivery.state = 'delivered' AND withdrawn = 0"
            " AND commitment IN ('wanted', 'requested')",
            destination.name);
        return claim;
    }
    database.execute("INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES(?, ?, ?)",
                     request.transaction_uid, destination.name, at);
    nlohmann::json uids = nlohmann::json::array();
    for (const auto& instance : request.instances) uids.push_back(instance.sop_instance_uid);
    database.execute(
        "UPDATE delivery SET commitment = 'requested', commitment_at = ?1, commitment_transaction = ?2"
        " WHERE destination = ?3 AND result_id IN (SELECT id FROM result WHERE sop_instance_uid IN"
        " (SELECT value FROM json_each(?4)))",
        at + destination.commitment_wait.count(), request.transaction_uid, destination.name, uids.dump());
    claim.request = std::move(request);
    return claim;
}

void keep_refused_commitment(Database& database, const std::string& destination,
                             const std::string& transaction_uid, Duration delay, const std::string& why) {
    database.execute(
        "UPDATE delivery SET commitment = 'wanted', commitment_at = ?, error = ? WHERE destination = ?"
        // The first condition is the index's.
        " AND commitment IN ('wanted', 'requested') AND commitment = 'requested' AND commitment_transaction "
        "= ?",
        to_microseconds(now()) + delay.count(), why, destination, transaction_uid);
    database.count("commitments", {{"destination", destination}, {"outcome", "not_asked"}});
}

std::optional<std::string> destination_of_transaction(Database& database,
                                                      const std::string& transaction_uid) {
    std::optional<std::string> destination;
    database.each(
        "SELECT destination FROM commitment WHERE transaction_uid = ?",
        [&](SQLite::Statement& row) { destination = row.getColumn(0).getString(); }, transaction_uid);
    return destination;
}

void keep_commitment_report(Database& database, const CommitmentReport& report,
                            const DestinationSettings& destination) {
    const std::int64_t at = to_microseconds(now());
    database.execute("UPDATE commitment SET reported_at = ? WHERE transaction_uid = ?", at,
                     report.transaction_uid);
    for (const auto& uid : report.committed)
        if (const auto delivered = awaited(database, destination.name, uid))
            keep_committed(database, report, destination.name, *delivered, at);
    // That the destination did not keep an earlier copy says nothing of the one that it was sent since.
    for (const auto& [uid, reason] : report.failed)
        if (const auto delivered = awaited(database, destination.name, uid);
            delivered && delivered->transaction_uid == report.transaction_uid)
            keep_failed(database, report, destination, *delivered, reason, at);
}

}  // namespace hilum
