#include "store/jobs/deliveries.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/audit/audit_event.h"
#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/destinations.h"
#include "store/jobs/damaged_results.h"
#include "store/jobs/damaged_rows.h"
#include "store/jobs/delivery_order.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

constexpr std::chrono::minutes lease_margin{1};

std::optional<DeliveryClaim> claim_delivery(Transaction& transaction, const DestinationSettings& destination,
                                            Attempts attempts) {
    const auto next = next_delivery(transaction, destination.name, attempts);
    if (!next) return std::nullopt;
    DeliveryClaim claimed{
        claim_row(transaction, Lane::delivery, destination.name, *next, delivery_lease(destination)),
        {},
        "",
        "",
        0,
        false};
    claimed.request.delivery = claimed.claim.job();
    sql::each(
        transaction,
        "SELECT sop_class_uid, sop_instance_uid, transfer_syntax_uid, file, study_instance_uid, refusals, "
        "sha256, tried "
        "FROM delivery JOIN result ON result.id = delivery.result_id JOIN report ON report.id = "
        "result.report_id JOIN study ON study.id = report.study_id WHERE delivery.id = ?",
        [&](const sql::Row& row) {
            claimed.request.sop_class_uid = row.text(0);
            claimed.request.sop_instance_uid = row.text(1);
            claimed.request.transfer_syntax_uid = row.text(2);
            claimed.file = row.text(3);
            claimed.study_instance_uid = row.text(4);
            claimed.refusals = row.int32(5);
            claimed.request.sha256 = row.text(6);
            claimed.tried_before = row.int32(7) != 0;
        },
        claimed.claim.job());
    if (claimed.file.empty()) {
        set_aside_unreadable(transaction, claimed.claim, "it is of no result");
        return claim_delivery(transaction, destination, attempts);
    }
    // What it waited for its turn is no failure of its own.
    if (claimed.claim.attempt() == 1)
        sql::execute(transaction, "UPDATE job SET uncounted = max(uncounted, ? - created_at) WHERE id = ?",
                     transaction.at(), claimed.claim.id());
    sql::execute(transaction, "UPDATE delivery SET tried = 1 WHERE id = ?", claimed.claim.job());
    return claimed;
}

// What the node's own trouble took, give_up_after does not count.
void leave_out_trouble(Transaction& transaction, const Claim& claim) {
    sql::execute(transaction,
                 "UPDATE job SET uncounted = min(max(uncounted, ?1 - created_at), uncounted + max(0, ?1 - "
                 "trouble_at)) WHERE id = ?2 AND trouble_at IS NOT NULL",
                 transaction.at(), claim.id());
}

DeliveryVerdict judge(Transaction& transaction, const DeliveryClaim& claimed, const DeliverReply& reply,
                      const DestinationSettings& destination) {
    leave_out_trouble(transaction, claimed.claim);
    DeliveryHistory history{claimed.claim.attempt(), claimed.refusals, 0};
    // Read here, since both times are moved when somebody sets the clock.
    history.waits_since =
        sql::number(transaction, "SELECT created_at + uncounted FROM job WHERE id = ?", claimed.claim.id())
            .value();
    return judge_delivery(reply, history, destination, transaction.at());
}

bool is_withdrawn_delivery(Transaction& transaction, std::int64_t delivery) {
    return sql::number(transaction,
                       "SELECT 1 FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id "
                       "= report_id WHERE delivery.id = ? AND withdrawn != 0",
                       delivery)
        .has_value();
}

// Why what did not arrive is not sent again, though it could be; null: it is.
const char* why_not_wanted(Transaction& transaction, const DeliveryVerdict& verdict, std::int64_t delivery) {
    if (verdict.state == JobState::delivered) return nullptr;
    if (verdict.state == JobState::queued && is_withdrawn_delivery(transaction, delivery))
        return "the results were withdrawn";
    return is_replaced(transaction, delivery) ? newer_version : nullptr;
}

// Whether it came from the destination itself.
bool is_answer(const DeliverReply& reply) {
    return reply.outcome == DeliveryOutcome::delivered || reply.outcome == DeliveryOutcome::refused ||
           reply.dimse_status >= 0;
}

// Queues the claimed job again or ends it; the state that it is in then.
JobState end_attempt(Transaction& transaction, const DeliveryClaim& claimed, const DeliverReply& reply,
                     const DeliveryVerdict& verdict, const DestinationSettings& destination) {
    auto state = verdict.state;
    Error error{"", state == JobState::delivered ? "" : reply.message};
    if (const char* const why = why_not_wanted(transaction, verdict, claimed.claim.job())) {
        state = JobState::discarded;
        error.message = why;
        if (reply.outcome == DeliveryOutcome::damaged) give_up_file(transaction, claimed.claim.job(), true);
    } else if (state == JobState::queued && reply.outcome == DeliveryOutcome::damaged) {
        state = compose_anew(transaction, claimed.claim, reply.message);
        error.code = result_damaged;
    }
    if (state == JobState::queued && is_nodes_trouble(reply))
        wait_for_the_node(transaction, claimed.claim, error, destination.first_delay,
                          destination.longest_delay);
    else if (state == JobState::queued)
        give_back(transaction, claimed.claim, verdict.next_attempt_at, error);
    else
        finish(transaction, claimed.claim, state, error);
    return state;
}

void audit_attempt(Transaction& transaction, const DeliveryClaim& claimed, const DeliverReply& reply,
                   const std::string& destination, JobState state) {
    if (has_told_trouble(transaction, claimed.claim)) return;
    const bool delivered = state == JobState::delivered;
    audit::AuditEvent event;
    event.type = delivered ? "result_delivered" : "delivery_failed";
    event.outcome = delivered ? "success" : "failure";
    event.actor = "hilum";
    event.study_instance_uid = claimed.study_instance_uid;
    event.sop_instance_uid = claimed.request.sop_instance_uid;
    event.detail = {{"destination", destination},
                    {"state", to_text(state)},
                    {"sop_class_uid", claimed.request.sop_class_uid},
                    {"message", reply.message},
                    {"dimse_status", reply.dimse_status},
                    {"attempt", claimed.claim.attempt()}};
    transaction.append_audit(event);
}

// What arrived is kept as that whatever cannot be read of the others: else it would be sent without end.
void discard_what_it_replaces(Transaction& transaction, std::int64_t delivery) {
    const auto discarded = transaction.apart([&] { discard_replaced(transaction, delivery); });
    if (!discarded)
        spdlog::error("what delivery {} replaces cannot be discarded: {}", delivery,
                      discarded.error().message);
}

enum class Sending { first_attempt, tried, commitment };

// Every fourth time something goes before first attempts: what was tried, and requests for commitment, by
// turns.
std::array<Sending, 3> in_turn(std::uint64_t served) {
    auto one = Sending::commitment, other = Sending::tried;
    if (served % 8 >= 4) std::swap(one, other);
    if (served % 4 == 3) return {one, other, Sending::first_attempt};
    return {Sending::first_attempt, one, other};
}

}  // namespace

Duration delivery_lease(const DestinationSettings& destination) {
    return 4 * destination.timeout + Duration(lease_margin);
}

SendingClaim claim_sending(Transaction& transaction, const DestinationSettings& destination,
                           std::uint64_t served, Duration commitments_wait) {
    SendingClaim claim;
    if (is_paused(transaction, destination.name)) return claim;
    std::optional<std::int64_t> asks_at;
    for (const auto work : in_turn(served)) {
        if (work != Sending::commitment) {
            claim.delivery = claim_delivery(transaction, destination,
                                            work == Sending::tried ? Attempts::again : Attempts::first);
        } else if (destination.storage_commitment && commitments_wait > Duration::zero()) {
            asks_at = transaction.at() + commitments_wait.count();
        } else if (destination.storage_commitment) {
            auto [request, next_at] = claim_commitment(transaction, destination);
            claim.commitment = std::move(request);
            asks_at = next_at;
        }
        if (claim.delivery || claim.commitment) return claim;
    }
    claim.next_at = next_delivery_due(transaction, destination.name);
    if (asks_at && (!claim.next_at || *asks_at < *claim.next_at)) claim.next_at = asks_at;
    return claim;
}

std::optional<JobState> keep_delivery(Transaction& transaction, const DeliveryClaim& claimed,
                                      const DeliverReply& reply, const DestinationSettings& destination) {
    const bool arrived = reply.outcome == DeliveryOutcome::delivered;
    if (!stands(transaction, claimed.claim) && !(arrived && hold_again(transaction, claimed.claim)))
        return std::nullopt;
    if (is_answer(reply)) note_answer(transaction, destination.name);
    const auto delivery = claimed.claim.job();
    const auto verdict = judge(transaction, claimed, reply, destination);
    const auto state = end_attempt(transaction, claimed, reply, verdict, destination);
    const bool delivered = state == JobState::delivered;
    // Of a file that is damaged, or was not read, nothing went out.
    const bool went_out = reply.outcome != DeliveryOutcome::damaged && !is_nodes_trouble(reply);
    const bool tried = claimed.tried_before || went_out;
    sql::execute(transaction,
                 "UPDATE delivery SET dimse_status = ?1, refusals = iif(?2, 0, refusals + ?3), tried = ?4 "
                 "WHERE id = ?5",
                 reply.dimse_status < 0 ? std::optional<int>() : std::optional<int>(reply.dimse_status),
                 delivered ? 1 : 0, verdict.counts_as_refusal ? 1 : 0, tried ? 1 : 0, delivery);
    if (delivered) note_delivery(transaction, delivery, DeliveryFact::delivered);
    if (delivered) note_delivered(transaction, destination.name, delivery);
    if (delivered) discard_what_it_replaces(transaction, delivery);
    if (state == JobState::expired)
        transaction.count("deliveries_expired", {{"destination", destination.name}});
    if (destination.storage_commitment && delivered) want_commitment(transaction, delivery);
    audit_attempt(transaction, claimed, reply, destination.name, state);
    if (!is_nodes_trouble(reply))
        transaction.count("deliveries",
                          {{"destination", destination.name}, {"outcome", enum_string(reply.outcome)}});
    return state;
}

void expire_stray_deliveries(Transaction& transaction, const std::vector<std::string>& destinations) {
    const auto [state, outcome] = stored(JobState::expired);
    const int stray = sql::execute(
        transaction,
        "UPDATE job SET state = ?3, outcome = ?4, error = 'the destination is no longer configured', "
        "updated_at = ?1 WHERE kind = 'delivery' AND state = 'queued' AND queue NOT IN (SELECT value FROM "
        "json_each(?2))",
        transaction.at(), nlohmann::json(destinations).dump(), state, outcome);
    if (stray == 0) return;
    spdlog::warn("{} deliveries are to destinations that are no longer configured; they are expired", stray);
    audit::AuditEvent event;
    event.type = "deliveries_expired";
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"deliveries", stray}, {"reason", "their destinations are no longer configured"}};
    transaction.append_audit(event);
}

}  // namespace hilum
