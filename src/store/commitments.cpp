#include "store/commitments.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.h"
#include "base/uid.h"
#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/delivery_verdict.h"
#include "store/destinations.h"
#include "store/jobs/claim.h"
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

// Of a row that was read itself.
void set_row(Transaction& transaction, std::int64_t job, const CommitmentState& to) {
    sql::execute(transaction, "UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE id = ?", to.state,
                 to.word, transaction.at(), job);
}

// Said again of the row itself, which is found by an index.
void set_commitment(Transaction& transaction, const std::string& destination, std::int64_t delivery,
                    const CommitmentState& to) {
    const auto lane = commitment_lane(destination);
    const auto job =
        sql::number(transaction, "SELECT id FROM job WHERE lane = ? AND subject = ?", lane, delivery);
    if (!job) return;
    if (!sql::number(transaction, "SELECT 1 FROM job WHERE id = ? AND +lane = ? AND +subject = ?", *job, lane,
                     delivery))
        sql::index_lies("job", *job);
    set_row(transaction, *job, to);
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

struct Due {
    std::int64_t job = 0, delivery = 0;
    std::string study_instance_uid, sop_class_uid, sop_instance_uid;
    bool given_up = false;  // it was asked for, and give_up_after passed since it was delivered
};

// Those that come first, as many as one request is of. Found by their index alone, before the rest is looked
// up, and urgent ones apart, which go before: the index is in the order of either. What it says is said again
// of the rows themselves, which `+` has read.
std::vector<Due> first_due(Transaction& transaction, const DestinationSettings& destination) {
    std::vector<Due> due;
    std::vector<std::int64_t> of_no_result;
    for (const int urgent : {1, 0})
        sql::each(
            transaction,
            "SELECT next.id, job.id, subject, study_instance_uid, sop_class_uid, sop_instance_uid, attempt >"
            " 0 AND job.created_at + uncounted < ?5, result.id + study.id FROM (SELECT id FROM job WHERE"
            " state = 'queued' AND lane = ?1 AND urgent = ?2 AND due <= ?3 ORDER BY due, id LIMIT ?4) AS next"
            " LEFT JOIN job ON job.id = next.id AND +job.state = 'queued' AND +job.lane = ?1 AND +job.due <="
            " ?3 LEFT JOIN delivery ON delivery.id = subject LEFT JOIN result ON result.id = result_id LEFT"
            " JOIN study ON study.id = job.study_id ORDER BY job.due, next.id",
            [&](const sql::Row& row) {
                if (row.is_null(1)) sql::index_lies("job", row.int64(0));
                if (row.is_null(7)) return of_no_result.push_back(row.int64(1));
                due.push_back(
                    {row.int64(1), row.int64(2), row.text(3), row.text(4), row.text(5), row.int32(6) != 0});
            },
            commitment_lane(destination.name), urgent, transaction.at(),
            most_requested_commitments - static_cast<int>(due.size()),
            transaction.at() - destination.give_up_after.count());
    for (const auto job : of_no_result) {
        spdlog::error("commitment {} is of no result in the database, and asked for no more", job);
        set_row(transaction, job, given_up);
    }
    return due;
}

void give_up(Transaction& transaction, const DestinationSettings& destination, const Due& due) {
    set_row(transaction, due.job, given_up);
    set_error(transaction, destination.name, due.delivery,
              "the destination never told whether it keeps this");
    transaction.count("commitments", {{"destination", destination.name}, {"outcome", "given_up"}});
    audit_commitment(transaction, "commitment_failed", false,
                     {due.delivery, due.study_instance_uid, due.sop_instance_uid, {}},
                     {{"destination", destination.name}, {"reason", "no answer within give_up_after"}});
}

// What is asked for now; those of them that are old are given up.
std::vector<Due> to_ask_for(Transaction& transaction, const DestinationSettings& destination) {
    auto due = first_due(transaction, destination);
    for (const auto& each : due)
        if (each.given_up) give_up(transaction, destination, each);
    std::erase_if(due, [](const Due& each) { return each.given_up; });
    return due;
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
    note_delivery(transaction, delivered.id, replaced ? DeliveryFact::discarded : DeliveryFact::resent);
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
    // Each state apart, whose index has its rows of the lane.
    for (const auto* left :
         {"UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE state = 'queued'",
          "UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE state = 'set_aside'"})
        sql::execute(transaction,
                     std::string(left) +
                         " AND lane IN (SELECT lane FROM job_total WHERE kind = 'commitment' AND queue NOT IN"
                         " (SELECT value FROM json_each(?)))",
                     not_asked.state, not_asked.word, transaction.at(), nlohmann::json(asked).dump());
    for (const auto& destination : asked)
        while (ask_commitments_anew(transaction, destination) == most_taken_up) {
        }
}

int ask_commitments_anew(Transaction& transaction, const std::string& destination) {
    return sql::execute(
        transaction,
        "UPDATE job SET attempt = 0 WHERE id IN (SELECT id FROM job WHERE state = 'queued' AND"
        " lane = ? AND attempt > 0 LIMIT ?)",
        commitment_lane(destination), most_taken_up);
}

CommitmentClaim claim_commitment(Transaction& transaction, const DestinationSettings& destination) {
    CommitmentClaim claim;
    if (is_paused(transaction, destination.name)) return claim;
    const std::int64_t at = transaction.at();
    const auto lane = commitment_lane(destination.name);
    const auto due = to_ask_for(transaction, destination);
    if (due.empty()) {
        claim.next_at = sql::number(
            transaction, "SELECT min(due) FROM job WHERE state = 'queued' AND lane = ? AND urgent IN (0, 1)",
            lane);
        return claim;
    }
    CommitmentRequest request{random_uid().value(), {}};
    sql::execute(transaction,
                 "INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES(?, ?, ?)",
                 request.transaction_uid, destination.name, at);
    for (const auto& each : due) {
        request.instances.push_back({each.sop_class_uid, each.sop_instance_uid});
        set_row(transaction, each.job, requested);
        sql::execute(transaction, "UPDATE job SET due = ?, attempt = attempt + 1 WHERE id = ?",
                     at + destination.commitment_wait.count(), each.job);
        sql::execute(transaction, "UPDATE delivery SET commitment_transaction = ? WHERE id = ?",
                     request.transaction_uid, each.delivery);
    }
    claim.request = std::move(request);
    return claim;
}

void keep_refused_commitment(Transaction& transaction, const std::string& destination,
                             const CommitmentRequest& request, Duration delay, const std::string& why) {
    for (const auto& instance : request.instances) {
        const auto delivery = sql::number(
            transaction,
            "SELECT delivery.id FROM result JOIN delivery ON result_id = result.id AND destination = ?1 JOIN"
            " job ON lane = ?2 AND subject = delivery.id WHERE sop_instance_uid = ?3 AND state = 'queued' AND"
            " job.outcome = ?4 AND commitment_transaction = ?5",
            destination, commitment_lane(destination), instance.sop_instance_uid, requested.word,
            request.transaction_uid);
        if (!delivery) continue;
        set_commitment(transaction, destination, *delivery, wanted);
        sql::execute(transaction, "UPDATE job SET due = ? WHERE lane = ? AND subject = ?",
                     transaction.at() + delay.count(), commitment_lane(destination), *delivery);
        set_error(transaction, destination, *delivery, why);
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
