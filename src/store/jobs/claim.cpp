#include "store/jobs/claim.h"

#include "store/database/sql.h"
#include "store/overview/metric_catalogue.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

// An interruption (power, kill -9, an owner that is gone) is rarely the job's
// fault: it has more lives than a failure.
constexpr int interruptions_forgiven = 10;

// What of a lane's table takes part in its statements.
struct Table {
    const char* name;
    const char* of_queue;  // the condition that a row is of queue ?1
    const char* on_claim;  // what else a claim writes
};

const Table& table_of(Lane lane) {
    static constexpr Table analysis{"analysis", "model = ?1", ""};
    static constexpr Table report{"report", "?1 = ''", ""};
    static constexpr Table delivery{"delivery", "destination = ?1", "tried = 1, "};
    switch (lane) {
        case Lane::analysis:
            return analysis;
        case Lane::report:
            return report;
        case Lane::delivery:
            return delivery;
    }
    return analysis;
}

// The fence: ?1 the job, ?2 the attempt.
constexpr const char* still_claimed = "id = ?1 AND attempts = ?2 AND state = 'running'";

int quarantine_interrupted(Transaction& transaction, Lane lane, const RetrySettings& retry) {
    if (lane == Lane::delivery) return 0;  // the same bytes are sent again, until give_up_after
    const int given_up = sql::execute(
        transaction,
        fmt::format("UPDATE {0} SET state = 'quarantined', lease_until = NULL, updated_at = ?1, error_code = "
                    "'interrupted', error = 'every attempt was interrupted' WHERE id IN (SELECT id FROM {0} "
                    "WHERE state = 'running' AND lease_until <= ?1 AND attempts >= ?2 LIMIT ?3)",
                    table_of(lane).name),
        transaction.at(), retry.max_attempts + interruptions_forgiven, most_taken_up);
    if (given_up > 0)
        transaction.count("jobs_quarantined", {{"kind", to_text(lane)}, {"code", "interrupted"}}, given_up);
    return given_up;
}

int queue_interrupted(Transaction& transaction, Lane lane) {
    // A delivery that was interrupted may have arrived: what was withdrawn
    // meanwhile is not sent again.
    const char* const state = lane == Lane::delivery
                                  ? "iif(EXISTS (SELECT 1 FROM result JOIN report ON report.id = report_id "
                                    "WHERE result.id = result_id AND withdrawn != 0), 'discarded', 'queued')"
                                  : "'queued'";
    return sql::execute(
        transaction,
        fmt::format("UPDATE {0} SET state = {1}, lease_until = NULL, updated_at = ?1, next_attempt_at = ?1 "
                    "WHERE id IN (SELECT id FROM {0} WHERE state = 'running' AND lease_until <= ?1 LIMIT ?2)",
                    table_of(lane).name, state),
        transaction.at(), most_taken_up);
}

}  // namespace

std::optional<Claim> claim_next(Transaction& transaction, Lane lane, const std::string& queue,
                                Duration lease) {
    const auto& table = table_of(lane);
    std::optional<Claim> claim;
    sql::each(
        transaction,
        fmt::format(
            "UPDATE {0} SET state = 'running', {1}attempts = attempts + 1, lease_until = ?2 + ?3, updated_at "
            "= ?2 WHERE id = (SELECT id FROM {0} WHERE state = 'queued' AND {2} AND next_attempt_at <= ?2 "
            "ORDER BY urgent DESC, next_attempt_at, id LIMIT 1) RETURNING id, attempts",
            table.name, table.on_claim, table.of_queue),
        [&](const sql::Row& row) { claim = Claim(lane, row.int64(0), row.int32(1)); }, queue,
        transaction.at(), lease.count());
    return claim;
}

std::optional<std::int64_t> next_due(Transaction& transaction, Lane lane, const std::string& queue) {
    const auto& table = table_of(lane);
    return sql::number(transaction,
                       fmt::format("SELECT min(next_attempt_at) FROM {} WHERE state = 'queued' AND {}",
                                   table.name, table.of_queue),
                       queue);
}

bool stands(Transaction& transaction, const Claim& claim) {
    return sql::number(transaction,
                       fmt::format("SELECT 1 FROM {} WHERE {}", table_of(claim.lane()).name, still_claimed),
                       claim.job(), claim.attempt())
        .has_value();
}

bool renew(Transaction& transaction, const Claim& claim, Duration lease) {
    return sql::execute(transaction,
                        fmt::format("UPDATE {} SET lease_until = ?3 WHERE {}", table_of(claim.lane()).name,
                                    still_claimed),
                        claim.job(), claim.attempt(), transaction.at() + lease.count()) > 0;
}

bool finish(Transaction& transaction, const Claim& claim, JobState state, const Error& error) {
    return sql::execute(transaction,
                        fmt::format("UPDATE {} SET state = ?3, error_code = ?4, error = ?5, lease_until = "
                                    "NULL, updated_at = ?6 WHERE {}",
                                    table_of(claim.lane()).name, still_claimed),
                        claim.job(), claim.attempt(), to_text(state), error.code, error.message,
                        transaction.at()) > 0;
}

std::optional<JobState> fail_claimed(Transaction& transaction, const Claim& claim, const Error& error,
                                     const RetrySettings& retry) {
    if (!stands(transaction, claim)) return std::nullopt;
    const bool lasting = error.code == "disk_full";  // no attempt can mend it: it waits for room
    if (error.retry == Retry::never || (!lasting && claim.attempt() >= retry.max_attempts)) {
        finish(transaction, claim, JobState::quarantined, error);
        transaction.count("jobs_quarantined",
                          {{"kind", to_text(claim.lane())}, {"code", failure_label(error.code)}});
        return JobState::quarantined;
    }
    const RetryPolicy policy{retry.first_delay, retry.longest_delay};
    sql::execute(transaction,
                 fmt::format("UPDATE {} SET next_attempt_at = ?3 WHERE {}", table_of(claim.lane()).name,
                             still_claimed),
                 claim.job(), claim.attempt(),
                 transaction.at() + policy.delay_after(claim.attempt()).count());
    finish(transaction, claim, JobState::queued, error);
    return JobState::queued;
}

int take_up_expired(Transaction& transaction, const RetrySettings& retry) {
    int taken_up = 0;
    for (const auto lane : all_lanes) {
        taken_up += quarantine_interrupted(transaction, lane, retry);
        taken_up += queue_interrupted(transaction, lane);
    }
    return taken_up;
}

void take_up_all(Transaction& transaction, const RetrySettings& retry) {
    for (const auto lane : all_lanes)
        sql::execute(
            transaction,
            fmt::format("UPDATE {} SET lease_until = ?1 WHERE state = 'running'", table_of(lane).name),
            transaction.at());
    while (take_up_expired(transaction, retry) > 0) {
    }
}

}  // namespace hilum
