#include "store/commitments.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/uid.h"
#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/destinations.h"
#include "store/jobs/states.h"
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

void audit_commitment(Transaction& transaction, const char* type, bool success, const Delivered& delivered,
                      nlohmann::json detail) {
    audit::AuditEvent event;
    event.type = type;
    event.outcome = success ? "success" : "failure";
    event.actor = "hilum";
    event.study_instance_uid = delivered.study_instance_uid;
    event.sop_instance_uid = delivered.sop_instance_uid;
    event.detail = std::move(detail);
    transaction.append_audit(event);
}

void give_up_old(Transaction& transaction, const DestinationSettings& destination, std::int64_t at) {
    std::vector<Delivered> old;
    sql::each(
        transaction,
        "SELECT delivery.id, study_instance_uid, sop_instance_uid FROM delivery JOIN result ON result.id ="
        " result_id JOIN report ON report.id = report_id JOIN study ON study.id = report.study_id"
        " WHERE destination = ? AND delivery.state = 'delivered' AND withdrawn = 0"
        " AND commitment IN ('wanted', 'requested') AND commitment_at <= ? AND delivery.created_at + "
        "uncounted < ?",
        [&](const sql::Row& row) {
            old.push_back({row.int64(0), row.text(1), row.text(2), 0, ""});
        },
        destination.name, at, at - destination.give_up_after.count());
    for (const auto& delivered : old) {
        sql::execute(transaction,
                     "UPDATE delivery SET commitment = 'failed', commitment_at = ?1, updated_at = ?1,"
                     " error = 'the destination never told whether it keeps this' WHERE id = ?2",
                     at, delivered.id);
        transaction.count("commitments", {{"destination", destination.name}, {"outcome", "given_up"}});
        audit_commitment(transaction, "commitment_failed", false, delivered,
                         {{"destination", destination.name}, {"reason", "no answer within give_up_after"}});
    }
}

// The delivered instance that a report names; nothing where it is none that waits for one.
std::optional<Delivered> awaited(Transaction& transaction, const std::string& destination,
                                 const std::string& sop_instance_uid) {
    std::optional<Delivered> found;
    sql::each(
        transaction,
        "SELECT delivery.id, study_instance_uid, sop_instance_uid, refusals, commitment_transaction"
        " FROM delivery JOIN result ON"
        " result.id = result_id JOIN report ON report.id = report_id JOIN study ON study.id = report.study_id"
        " WHERE destination = ? AND sop_instance_uid = ? AND delivery.state = 'delivered' AND withdrawn = 0"
        " AND commitment IN ('wanted', 'requested', 'failed')",
        [&](const sql::Row& row) {
            found = Delivered{row.int64(0), row.text(1), row.text(2), row.int32(3), row.text(4)};
        },
        destination, sop_instance_uid);
    return found;
}

void keep_committed(Transaction& transaction, const CommitmentReport& report, const std::string& destination,
                    const Delivered& delivered, std::int64_t at) {
    sql::execute(
        transaction,
        "UPDATE delivery SET commitment = 'committed', commitment_at = ?1, updated_at = ?1, error = ''"
        " WHERE id = ?2",
        at, delivered.id);
    transaction.count("commitments", {{"destination", destination}, {"outcome", "committed"}});
    audit_commitment(transaction, "result_committed", true, delivered,
                     {{"destination", destination},
                      {"transaction_uid", report.transaction_uid},
                      {"by", report.calling_ae + "@" + report.peer}});
}

void keep_failed(Transaction& transaction, const CommitmentReport& report,
                 const DestinationSettings& destination, const Delivered& delivered, int reason,
                 std::int64_t at) {
    const auto why =
        fmt::format("the destination does not keep what it took: {:04X}, {}", reason, meaning_of(reason));
    const bool again = delivered.refusals + 1 < destination.refused_attempts;
    const auto state = to_text(again ? JobState::queued : JobState::refused);
    const RetryPolicy policy{destination.first_delay, destination.longest_delay};
    sql::execute(transaction,
                 "UPDATE delivery SET state = ?1, commitment = 'failed', commitment_at = ?2, updated_at = ?2,"
                 " next_attempt_at = ?3, refusals = refusals + 1, error = ?4 WHERE id = ?5",
                 state, at, at + policy.delay_after(delivered.refusals + 1).count(), why, delivered.id);
    transaction.count("commitments", {{"destination", destination.name}, {"outcome", "failed"}});
    audit_commitment(transaction, "commitment_failed", false, delivered,
                     {{"destination", destination.name},
                      {"transaction_uid", report.transaction_uid},
                      {"reason", fmt::format("{:04X}", reason)},
                      {"state", state},
                      {"by", report.calling_ae + "@" + report.peer}});
}

}  // namespace

void want_commitment(Transaction& transaction, std::int64_t delivery) {
    sql::execute(transaction,
                 "UPDATE delivery SET commitment = 'wanted', commitment_at = ?, commitment_transaction = ''"
                 " WHERE id = ? AND EXISTS (SELECT 1 FROM result JOIN report ON report.id = report_id"
                 " WHERE result.id = result_id AND withdrawn = 0)",
                 to_microseconds(transaction.now() + commitment_gathering), delivery);
}

void forget_commitments(Transaction& transaction, const std::vector<std::string>& asked) {
    sql::execute(transaction,
                 "UPDATE delivery SET commitment = '' WHERE commitment IN ('wanted', 'requested')"
                 " AND destination NOT IN (SELECT value FROM json_each(?))",
                 nlohmann::json(asked).dump());
}

CommitmentClaim claim_commitment(Transaction& transaction, const DestinationSettings& destination) {
    CommitmentClaim claim;
    if (is_paused(transaction, destination.name)) return claim;
    const std::int64_t at = transaction.at();
    give_up_old(transaction, destination, at);
    CommitmentRequest request{random_uid().value(), {}};
    sql::each(
        transaction,
        "SELECT sop_class_uid, sop_instance_uid FROM delivery JOIN result ON result.id = result_id"
        " JOIN report ON report.id = report_id WHERE destination = ? AND delivery.state = 'delivered'"
        " AND withdrawn = 0 AND commitment IN ('wanted', 'requested')"
        " AND commitment_at <= ? ORDER BY commitment_at, delivery.id LIMIT ?",
        [&](const sql::Row& row) {
            request.instances.push_back({row.text(0), row.text(1)});
        },
        destination.name, at, most_requested_commitments);
    if (request.instances.empty()) {
        claim.next_at = sql::number(
            transaction,
            "SELECT min(commitment_at) FROM delivery JOIN result ON result.id = result_id JOIN report ON"
            " report.id = report_id WHERE destination = ? AND delivery.state = 'delivered' AND withdrawn = 0"
            " AND commitment IN ('wanted', 'requested')",
            destination.name);
        return claim;
    }
    sql::execute(transaction,
                 "INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES(?, ?, ?)",
                 request.transaction_uid, destination.name, at);
    nlohmann::json uids = nlohmann::json::array();
    for (const auto& instance : request.instances) uids.push_back(instance.sop_instance_uid);
    sql::execute(
        transaction,
        "UPDATE delivery SET commitment = 'requested', commitment_at = ?1, commitment_transaction = ?2"
        " WHERE destination = ?3 AND result_id IN (SELECT id FROM result WHERE sop_instance_uid IN"
        " (SELECT value FROM json_each(?4)))",
        at + destination.commitment_wait.count(), request.transaction_uid, destination.name, uids.dump());
    claim.request = std::move(request);
    return claim;
}

void keep_refused_commitment(Transaction& transaction, const std::string& destination,
                             const std::string& transaction_uid, Duration delay, const std::string& why) {
    sql::execute(
        transaction,
        "UPDATE delivery SET commitment = 'wanted', commitment_at = ?, error = ? WHERE destination = ?"
        // The first condition is the index's.
        " AND commitment IN ('wanted', 'requested') AND commitment = 'requested' AND commitment_transaction "
        "= ?",
        transaction.at() + delay.count(), why, destination, transaction_uid);
    transaction.count("commitments", {{"destination", destination}, {"outcome", "not_asked"}});
}

std::optional<std::string> destination_of_transaction(Transaction& transaction,
                                                      const std::string& transaction_uid) {
    std::optional<std::string> destination;
    sql::each(
        transaction, "SELECT destination FROM commitment WHERE transaction_uid = ?",
        [&](const sql::Row& row) { destination = row.text(0); }, transaction_uid);
    return destination;
}

bool take_commitment_report(Transaction& transaction, const CommitmentReport& report,
                            const std::vector<DestinationSettings>& destinations) {
    const auto name = destination_of_transaction(transaction, report.transaction_uid);
    if (!name) {
        transaction.count("commitments", {{"destination", ""}, {"outcome", "unknown_transaction"}});
        return false;
    }
    const auto named = std::ranges::find(destinations, *name, &DestinationSettings::name);
    if (named != destinations.end()) keep_commitment_report(transaction, report, *named);
    return true;
}

void keep_commitment_report(Transaction& transaction, const CommitmentReport& report,
                            const DestinationSettings& destination) {
    const std::int64_t at = transaction.at();
    sql::execute(transaction, "UPDATE commitment SET reported_at = ? WHERE transaction_uid = ?", at,
                 report.transaction_uid);
    for (const auto& uid : report.committed)
        if (const auto delivered = awaited(transaction, destination.name, uid))
            keep_committed(transaction, report, destination.name, *delivered, at);
    // That the destination did not keep an earlier copy says nothing of the one that it was sent since.
    for (const auto& [uid, reason] : report.failed)
        if (const auto delivered = awaited(transaction, destination.name, uid);
            delivered && delivered->transaction_uid == report.transaction_uid)
            keep_failed(transaction, report, destination, *delivered, reason, at);
}

}  // namespace hilum
