#include "store/commitments.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.h"
#include "base/uid.h"
#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/delivery_verdict.h"
#include "store/destinations.h"
#include "store/jobs/delivery_order.h"
#include "store/jobs/states.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

struct Delivered {
    std::int64_t id = 0;
    std::string study_instance_uid, sop_instance_uid;
    CommitmentHistory history;
    std::int64_t sent_at = 0;  // before any request that tells of what the destination has now
};

// States of the jobs in a commitment's lane, as people know them.
struct CommitmentState {
    const char* state;
    const char* word;
};
constexpr CommitmentState wanted{"queued", "wanted"};
constexpr CommitmentState requested{"queued", "requested"};  // asked anew when it is due
constexpr CommitmentState committed{"done", "committed"};
constexpr CommitmentState not_kept{"discarded", "failed"};   // the result is sent again, or waits for that
constexpr CommitmentState given_up{"set_aside", "expired"};  // nobody is asked any more
constexpr CommitmentState not_asked{"discarded", ""};

void set_commitment(Transaction& transaction, const std::string& destination, std::int64_t delivery,
                    const CommitmentState& to) {
    sql::execute(transaction,
                 "UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE lane = ? AND subject = ?",
                 to.state, to.word, transaction.at(), commitment_lane(destination), delivery);
}

// What the delivery's own job says of it.
void set_error(Transaction& transaction, const std::string& destination, std::int64_t delivery,
               const std::string& error) {
    sql::execute(transaction, "UPDATE job SET error = ?, updated_at = ? WHERE lane = ? AND subject = ?",
                 error, transaction.at(), lane_name(Lane::delivery, destination), delivery);
}

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
        "SELECT subject, study_instance_uid, sop_instance_uid FROM job JOIN delivery ON delivery.id = subject"
        " JOIN result ON result.id = result_id JOIN study ON study.id = job.study_id WHERE state = 'queued'"
        " AND lane = ?1 AND due <= ?2 AND attempt > 0 AND job.created_at + uncounted < ?3",
        [&](const sql::Row& row) {
            old.push_back({row.int64(0), row.text(1), row.text(2), {}});
        },
        commitment_lane(destination.name), at, at - destination.give_up_after.count());
    for (const auto& delivered : old) {
        set_commitment(transaction, destination.name, delivered.id, given_up);
        set_error(transaction, destination.name, delivered.id,
                  "the destination never told whether it keeps this");
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
        "SELECT delivery.id, study_instance_uid, sop_instance_uid, commitment_failures, commitment_refusals,"
        " asked.created_at FROM result JOIN delivery ON result_id = result.id AND destination = ?1"
        " JOIN job ON job.lane = ?2 AND job.subject = delivery.id JOIN job AS asked ON asked.lane = ?3"
        " AND asked.subject = delivery.id JOIN study ON study.id = job.study_id WHERE sop_instance_uid = ?4 "
        "AND job.state = 'done'"
        " AND asked.state IN ('queued', 'set_aside')",
        [&](const sql::Row& row) {
            found =
                Delivered{row.int64(0), row.text(1), row.text(2), {row.int32(3), row.int32(4)}, row.int64(5)};
        },
        destination, lane_name(Lane::delivery, destination), commitment_lane(destination), sop_instance_uid);
    return found;
}

void keep_committed(Transaction& transaction, const CommitmentReport& report, const std::string& destination,
                    const Delivered& delivered) {
    set_commitment(transaction, destination, delivered.id, committed);
    sql::execute(transaction,
                 "UPDATE delivery SET commitment_failures = 0, commitment_refusals = 0 WHERE id = ?",
                 delivered.id);
    note_delivery(transaction, delivered.id, DeliveryFact::committed);
    set_error(transaction, destination, delivered.id, "");
    transaction.count("commitments", {{"destination", destination}, {"outcome", "committed"}});
    audit_commitment(transaction, "result_committed", true, delivered,
                     {{"destination", destination},
                      {"transaction_uid", report.transaction_uid},
                      {"by", report.calling_ae + "@" + report.peer}});
}

// Sent again, it is a delivery as any that was just made.
void keep_failed(Transaction& transaction, const CommitmentReport& report,
                 const DestinationSettings& destination, const Delivered& delivered, int reason) {
    const auto why =
        fmt::format("the destination does not keep what it took: {:04X}, {}", reason, meaning_of(reason));
    const auto verdict = judge_uncommitted(reason, delivered.history, destination, transaction.at());
    // What a newer version replaces is not sent after it.
    const bool replaced = verdict.state == JobState::queued && is_replaced(transaction, delivered.id);
    const auto state = replaced ? JobState::discarded : verdict.state;
    const auto [kept, outcome] = stored(state);
    set_commitment(transaction, destination.name, delivered.id, not_kept);
    note_delivery(transaction, delivered.id, DeliveryFact::resent);
    sql::execute(
        transaction,
        "UPDATE job SET state = ?1, outcome = ?2, due = ?3, error = ?4, attempt = 0, created_at = ?5,"
        " uncounted = 0, updated_at = ?5 WHERE lane = ?6 AND subject = ?7",
        kept, outcome, verdict.next_attempt_at, replaced ? newer_version : why, transaction.at(),
        lane_name(Lane::delivery, destination.name), delivered.id);
    sql::execute(transaction,
                 "UPDATE delivery SET commitment_refusals = commitment_refusals + ?1, commitment_failures ="
                 " commitment_failures + 1 - ?1 WHERE id = ?2",
                 verdict.counts_as_refusal ? 1 : 0, delivered.id);
    if (state == JobState::expired)
        transaction.count("deliveries_expired", {{"destination", destination.name}});
    transaction.count("commitments", {{"destination", destination.name}, {"outcome", "failed"}});
    audit_commitment(transaction, "commitment_failed", false, delivered,
                     {{"destination", destination.name},
                      {"transaction_uid", report.transaction_uid},
                      {"reason", fmt::format("{:04X}", reason)},
                      {"state", to_text(state)},
                      {"by", report.calling_ae + "@" + report.peer}});
}

}  // namespace

void want_commitment(Transaction& transaction, std::int64_t delivery) {
    sql::execute(transaction,
                 "INSERT INTO job(lane, subject, study_id, state, outcome, due, created_at, updated_at)"
                 " SELECT 'commit/' || destination, delivery.id, study_id, ?2, ?3, ?4, ?5, ?5 FROM delivery"
                 " JOIN result ON result.id = result_id JOIN report ON report.id = report_id WHERE"
                 " delivery.id = ?1 AND withdrawn = 0 ON CONFLICT(lane, subject) DO UPDATE SET state = ?2,"
                 " outcome = ?3, due = ?4, attempt = 0, uncounted = 0, created_at = ?5, updated_at = ?5",
                 delivery, wanted.state, wanted.word,
                 to_microseconds(transaction.now() + commitment_gathering), transaction.at());
    sql::execute(transaction, "UPDATE delivery SET commitment_transaction = '' WHERE id = ?", delivery);
}

void know_committed(Transaction& transaction, const std::string& destination, std::int64_t delivery) {
    set_commitment(transaction, destination, delivery, committed);
}

void want_no_commitment(Transaction& transaction, std::int64_t delivery) {
    sql::execute(transaction,
                 "UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE subject = ?4 AND lane ="
                 " (SELECT 'commit/' || destination FROM delivery WHERE id = ?4)",
                 not_asked.state, not_asked.word, transaction.at(), delivery);
}

void take_up_commitments(Transaction& transaction, const std::vector<std::string>& asked) {
    sql::execute(transaction,
                 "UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE kind = 'commitment'"
                 " AND state IN ('queued', 'set_aside') AND queue NOT IN (SELECT value FROM json_each(?))",
                 not_asked.state, not_asked.word, transaction.at(), nlohmann::json(asked).dump());
    // A Hilum before did not tell what was given up from what is sent again.
    sql::execute(transaction,
                 "UPDATE job SET outcome = ? WHERE kind = 'commitment' AND state = 'set_aside' AND outcome ="
                 " 'failed' AND EXISTS (SELECT 1 FROM job AS sent WHERE sent.lane = 'deliver/' || job.queue"
                 " AND sent.subject = job.subject AND sent.state = 'done')",
                 given_up.word);
    sql::execute(transaction,
                 "UPDATE job SET state = ? WHERE kind = 'commitment' AND state = 'set_aside' AND outcome ="
                 " 'failed'",
                 not_kept.state);
    for (const auto& destination : asked) ask_commitments_anew(transaction, destination);
}

void ask_commitments_anew(Transaction& transaction, const std::string& destination) {
    sql::execute(transaction,
                 "UPDATE job SET attempt = 0 WHERE state = 'queued' AND lane = ? AND attempt > 0",
                 commitment_lane(destination));
}

CommitmentClaim claim_commitment(Transaction& transaction, const DestinationSettings& destination) {
    CommitmentClaim claim;
    if (is_paused(transaction, destination.name)) return claim;
    const std::int64_t at = transaction.at();
    const auto lane = commitment_lane(destination.name);
    give_up_old(transaction, destination, at);
    CommitmentRequest request{random_uid().value(), {}};
    std::vector<std::int64_t> deliveries;
    sql::each(
        transaction,
        "SELECT sop_class_uid, sop_instance_uid, subject FROM job JOIN delivery ON delivery.id = subject JOIN"
        " result ON result.id = result_id WHERE state = 'queued' AND lane = ? AND due <= ?"
        " ORDER BY due, subject LIMIT ?",
        [&](const sql::Row& row) {
            request.instances.push_back({row.text(0), row.text(1)});
            deliveries.push_back(row.int64(2));
        },
        lane, at, most_requested_commitments);
    if (request.instances.empty()) {
        claim.next_at = sql::number(
            transaction, "SELECT min(due) FROM job WHERE state = 'queued' AND lane = ? AND urgent IN (0, 1)",
            lane);
        return claim;
    }
    sql::execute(transaction,
                 "INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES(?, ?, ?)",
                 request.transaction_uid, destination.name, at);
    for (const auto delivery : deliveries) {
        set_commitment(transaction, destination.name, delivery, requested);
        sql::execute(transaction,
                     "UPDATE job SET due = ?, attempt = attempt + 1 WHERE lane = ? AND subject = ?",
                     at + destination.commitment_wait.count(), lane, delivery);
        sql::execute(transaction, "UPDATE delivery SET commitment_transaction = ? WHERE id = ?",
                     request.transaction_uid, delivery);
    }
    claim.request = std::move(request);
    return claim;
}

void keep_refused_commitment(Transaction& transaction, const std::string& destination,
                             const std::string& transaction_uid, Duration delay, const std::string& why) {
    std::vector<std::int64_t> deliveries;
    sql::each(
        transaction,
        "SELECT subject FROM job JOIN delivery ON delivery.id = subject WHERE state = 'queued' AND lane = ?"
        " AND job.outcome = ? AND commitment_transaction = ?",
        [&](const sql::Row& row) { deliveries.push_back(row.int64(0)); }, commitment_lane(destination),
        requested.word, transaction_uid);
    for (const auto delivery : deliveries) {
        set_commitment(transaction, destination, delivery, wanted);
        sql::execute(transaction, "UPDATE job SET due = ? WHERE lane = ? AND subject = ?",
                     transaction.at() + delay.count(), commitment_lane(destination), delivery);
        set_error(transaction, destination, delivery, why);
    }
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
    sql::execute(transaction, "UPDATE commitment SET reported_at = ? WHERE transaction_uid = ?",
                 transaction.at(), report.transaction_uid);
    const auto has_failed = [&](const std::string& uid) {
        return std::ranges::find(report.failed, uid, &UncommittedInstance::sop_instance_uid) !=
               report.failed.end();
    };
    for (const auto& uid : report.committed) {
        if (has_failed(uid)) continue;
        if (const auto delivered = awaited(transaction, destination.name, uid))
            keep_committed(transaction, report, destination.name, *delivered);
    }
    // That the destination did not keep an earlier copy says nothing of the one that it was sent since. Which
    // of the requests since then it answers does not matter: an archive that takes a night is always some
    // behind.
    const auto requested_at = sql::number(
        transaction, "SELECT requested_at FROM commitment WHERE transaction_uid = ?", report.transaction_uid);
    for (const auto& [uid, reason] : report.failed)
        if (const auto delivered = awaited(transaction, destination.name, uid);
            delivered && requested_at >= delivered->sent_at)
            keep_failed(transaction, report, destination, *delivered, reason);
}

}  // namespace hilum
