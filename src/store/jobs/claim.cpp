#include "store/jobs/claim.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/damaged_rows.h"
#include "store/jobs/delivery_order.h"
#include "store/overview/metric_catalogue.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

// An interruption (power, kill -9, an owner that is gone) is rarely the job's fault: it is no failure, and
// only a row of them ends.
constexpr int interruptions_forgiven = 12;
constexpr const char* every_attempt_interrupted = "every attempt was interrupted";

// Whose owner is gone; ?1 is the time.
constexpr const char* of_passed_leases = "state = 'running' AND lease <= ?1";
constexpr const char* of_earlier_lives = "state = 'running' AND owner IS NOT (SELECT number FROM life)";

// The fence.
#define HILUM_STILL_CLAIMED " WHERE id = ?1 AND claim = ?2 AND owner = ?3 AND state = 'running'"

struct GivenUp {
    std::string kind;
    std::int64_t subject;
};

void tell_given_up(Transaction& transaction, const GivenUp& job) {
    audit::AuditEvent event;
    event.type = job.kind + "_failed";
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"code", "interrupted"},
                    {"error", every_attempt_interrupted},
                    {"state", to_text(JobState::quarantined)}};
    if (job.kind == "report") event.detail["report"] = job.subject;
    sql::each(
        transaction,
        "SELECT study_instance_uid, coalesce(sop_instance_uid, ''), coalesce(model, '') FROM job JOIN study "
        "ON study.id = job.study_id LEFT JOIN analysis ON kind = 'analysis' AND analysis.id = subject LEFT "
        "JOIN instance ON instance.id = instance_id WHERE kind = ? AND subject = ?",
        [&](const sql::Row& row) {
            event.study_instance_uid = row.text(0);
            event.sop_instance_uid = row.text(1);
            if (job.kind == "analysis") event.detail["model_key"] = row.text(2);
        },
        job.kind, job.subject);
    transaction.append_audit(event);
    transaction.count("jobs_quarantined", {{"kind", job.kind}, {"code", "interrupted"}});
}

int quarantine_interrupted(Transaction& transaction, const char* which) {
    std::vector<GivenUp> given_up;
    const auto [state, outcome] = stored(JobState::quarantined);
    sql::each(
        transaction,
        fmt::format("UPDATE job SET state = ?4, outcome = ?5, owner = NULL, lease = NULL, updated_at = ?1, "
                    "error_code = 'interrupted', error = ?6 WHERE state = 'running' AND id IN (SELECT id "
                    "FROM job WHERE {} AND "
                    "interruptions >= ?2"
                    // Of a delivery the same bytes are sent again, until give_up_after.
                    " AND kind IN ('analysis', 'report') LIMIT ?3) RETURNING kind, subject",
                    which),
        [&](const sql::Row& row) {
            given_up.push_back({row.text(0), row.int64(1)});
        },
        transaction.at(), interruptions_forgiven, most_taken_up, state, outcome, every_attempt_interrupted);
    for (const auto& job : given_up) tell_given_up(transaction, job);
    return static_cast<int>(given_up.size());
}

// A delivery that was interrupted may have arrived: what was withdrawn or
// replaced meanwhile is not sent again.
int queue_interrupted(Transaction& transaction, const char* which) {
    return sql::execute(
        transaction,
        fmt::format(
            "UPDATE job SET state = iif(why IS NULL, 'queued', 'discarded'), error = coalesce(nullif(why, "
            "''), error), owner = NULL, lease = NULL, interruptions = interruptions + 1, updated_at = ?1, "
            "due = ?1 FROM (SELECT id AS taken, "
            "iif(kind = 'delivery', (SELECT iif(withdrawn != 0, '', ?3) FROM delivery JOIN result ON "
            "result.id = result_id JOIN report ON report.id = report_id WHERE delivery.id = subject AND "
            "(withdrawn != 0 OR" HILUM_IS_REPLACED
            ")), NULL) AS why FROM job WHERE {} LIMIT ?2) WHERE id = taken AND state = 'running'",
            which),
        transaction.at(), most_taken_up, std::string(newer_version));
}

int take_up(Transaction& transaction, const char* which) {
    return quarantine_interrupted(transaction, which) + queue_interrupted(transaction, which);
}

}  // namespace

void queue_job(Transaction& transaction, Lane lane, const std::string& queue, std::int64_t subject,
               std::int64_t study) {
    sql::execute(transaction,
                 "INSERT INTO job(lane, subject, study_id, state, due, created_at, updated_at) VALUES(?1, "
                 "?2, ?3, 'queued', ?4, ?4, ?4) ON CONFLICT(lane, subject) DO UPDATE SET state = 'queued', "
                 "outcome = '', due = ?4, attempt = 0, interruptions = 0, owner = NULL, claim = NULL, lease "
                 "= NULL, error_code "
                 "= '', error = "
                 "'', uncounted = 0, created_at = ?4, updated_at = ?4, troubles = 0, trouble_since = NULL, "
                 "trouble_at = NULL",
                 lane_name(lane, queue), subject, study, transaction.at());
}

Claim claim_row(Transaction& transaction, Lane lane, const std::string& queue, std::int64_t row,
                Duration lease) {
    std::optional<Claim> claim;
    // Said again of the row itself: who found it may have looked at an index alone.
    sql::each(
        transaction,
        "UPDATE job SET state = 'running', attempt = attempt + 1, owner = (SELECT number FROM life), claim "
        "= (SELECT claims FROM life) + 1, lease = ?3 + ?4, updated_at = ?3 WHERE id = ?1 AND state = "
        "'queued' AND lane = ?2 AND due <= ?3 RETURNING id, subject, attempt, owner, claim",
        [&](const sql::Row& job) {
            claim = Claim(lane, job.int64(0), job.int64(1), job.int32(2), job.int64(3), job.int64(4));
        },
        row, lane_name(lane, queue), transaction.at(), lease.count());
    if (!claim) sql::index_lies("job", row);
    sql::execute(transaction, "UPDATE life SET claims = claims + 1");
    return std::move(*claim);
}

std::optional<Claim> claim_next(Transaction& transaction, Lane lane, const std::string& queue, Duration lease,
                                const std::set<std::int64_t>& studies_at_work) {
    const auto next = sql::number(
        transaction,
        "SELECT id FROM job WHERE state = 'queued' AND lane = ?1 AND "
        "due <= ?2 AND (?1 != 'compose' OR (study_id NOT IN (SELECT value FROM json_each(?3)) AND NOT EXISTS "
        "(SELECT 1 FROM job AS other WHERE other.study_id = job.study_id AND other.lane = ?1 AND "
        "other.state = 'running'))) ORDER BY urgent DESC, study_id, id LIMIT 1",
        lane_name(lane, queue), transaction.at(), nlohmann::json(studies_at_work).dump());
    if (!next) return std::nullopt;
    return claim_row(transaction, lane, queue, *next, lease);
}

std::optional<std::int64_t> next_due(Transaction& transaction, Lane lane, const std::string& queue) {
    return sql::number(transaction,
                       "SELECT min(due) FROM job WHERE state = 'queued' AND lane = ? AND urgent IN (0, 1)",
                       lane_name(lane, queue));
}

bool stands(Transaction& transaction, const Claim& claim) {
    return sql::number(transaction, "SELECT 1 FROM job" HILUM_STILL_CLAIMED, claim.id(), claim.number(),
                       claim.owner())
        .has_value();
}

bool hold_again(Transaction& transaction, const Claim& claim) {
    return sql::execute(
               transaction,
               "UPDATE job SET state = 'running', owner = ?3, lease = ?4 WHERE id = ?1 AND claim = ?2 AND "
               "state = 'queued' AND ?3 = (SELECT number FROM life)",
               claim.id(), claim.number(), claim.owner(), transaction.at()) > 0;
}

bool renew(Transaction& transaction, const Claim& claim, Duration lease) {
    return sql::execute(transaction, "UPDATE job SET lease = ?4" HILUM_STILL_CLAIMED, claim.id(),
                        claim.number(), claim.owner(), transaction.at() + lease.count()) > 0;
}

bool finish(Transaction& transaction, const Claim& claim, JobState state, const Error& error) {
    const auto [kept, outcome] = stored(state);
    return sql::execute(
               transaction,
               "UPDATE job SET state = ?4, outcome = ?5, error_code = ?6, error = ?7, updated_at = "
               "?8, owner = NULL, lease = NULL, troubles = 0, trouble_since = NULL, trouble_at = NULL, "
               "due = iif(kind = 'delivery', 0, due)" HILUM_STILL_CLAIMED,
               claim.id(), claim.number(), claim.owner(), kept, outcome, error.code, error.message,
               transaction.at()) > 0;
}

bool give_back(Transaction& transaction, const Claim& claim, std::int64_t due, const Error& error) {
    return sql::execute(transaction,
                        "UPDATE job SET state = 'queued', due = ?4, error_code = ?5, error = ?6, updated_at "
                        "= ?7, owner = NULL, lease = NULL, troubles = 0, trouble_since = NULL, trouble_at = "
                        "NULL" HILUM_STILL_CLAIMED,
                        claim.id(), claim.number(), claim.owner(), due, error.code, error.message,
                        transaction.at()) > 0;
}

namespace {

struct Trouble {
    std::int64_t times = 0;
    std::optional<std::int64_t> since, last;
};

Trouble trouble_of(Transaction& transaction, const Claim& claim) {
    return {sql::number(transaction, "SELECT troubles FROM job WHERE id = ?", claim.id()).value_or(0),
            sql::number(transaction, "SELECT trouble_since FROM job WHERE id = ?", claim.id()),
            sql::number(transaction, "SELECT trouble_at FROM job WHERE id = ?", claim.id())};
}

int interruptions_of(Transaction& transaction, const Claim& claim) {
    return static_cast<int>(
        sql::number(transaction, "SELECT interruptions FROM job WHERE id = ?", claim.id()).value_or(0));
}

// For hours the same trouble, while others of the lane fare well: it is not the node that is to be mended,
// but this one's file, under which a sector is bad, or what it asks of the memory. A disk that is full is so
// for whoever needs more room than others.
bool is_its_own(Transaction& transaction, const Claim& claim, const Error& error,
                const RetrySettings& retry) {
    constexpr int least_times = 5;  // whatever the clock says
    const auto trouble = trouble_of(transaction, claim);
    if (error.code == "disk_full" || trouble.times < least_times || !trouble.since ||
        transaction.at() - *trouble.since < retry.trouble_limit.count())
        return false;
    return sql::number(transaction,
                       "SELECT 1 FROM (SELECT state, updated_at FROM job WHERE lane = (SELECT lane FROM job "
                       "WHERE id = ?1) ORDER BY subject DESC LIMIT 1000) WHERE state = 'done' AND "
                       "updated_at > ?2 LIMIT 1",
                       claim.id(), trouble.last)
        .has_value();
}

}  // namespace

bool wait_for_the_node(Transaction& transaction, const Claim& claim, const Error& error, Duration first_delay,
                       Duration longest_delay) {
    const RetryPolicy policy{first_delay, longest_delay};
    const auto delay = policy.delay_after(static_cast<int>(trouble_of(transaction, claim).times) + 1);
    return sql::execute(
               transaction,
               "UPDATE job SET state = 'queued', due = ?4, error_code = ?5, error = ?6, updated_at = ?7, "
               "owner = NULL, lease = NULL, attempt = attempt - 1, troubles = troubles + 1, trouble_since "
               "= coalesce(trouble_since, ?7), trouble_at = ?7" HILUM_STILL_CLAIMED,
               claim.id(), claim.number(), claim.owner(), transaction.at() + delay.count(), error.code,
               error.message, transaction.at()) > 0;
}
#undef HILUM_STILL_CLAIMED

std::optional<JobState> fail_claimed(Transaction& transaction, const Claim& claim, const Error& error,
                                     const RetrySettings& retry) {
    if (!stands(transaction, claim)) return std::nullopt;
    if (error.retry == Retry::once_mended && !is_its_own(transaction, claim, error, retry)) {
        wait_for_the_node(transaction, claim, error, retry.first_delay, retry.longest_delay);
        return JobState::queued;
    }
    const int failures = claim.attempt() - interruptions_of(transaction, claim);
    if (error.retry != Retry::later || failures >= retry.max_attempts) {
        finish(transaction, claim, JobState::quarantined, error);
        transaction.count("jobs_quarantined",
                          {{"kind", to_text(claim.lane())}, {"code", failure_label(error.code)}});
        return JobState::quarantined;
    }
    const RetryPolicy policy{retry.first_delay, retry.longest_delay};
    give_back(transaction, claim, transaction.at() + policy.delay_after(failures).count(), error);
    return JobState::queued;
}

void give_back_unknown(Transaction& transaction, Lane lane, const std::string& queue,
                       const std::set<std::int64_t>& at_work) {
    sql::execute(
        transaction,
        "UPDATE job SET state = 'queued', attempt = attempt - 1, owner = NULL, lease = NULL, due = ?1 "
        "WHERE state = 'running' AND lane = ?2 AND owner = (SELECT number FROM life) AND id NOT IN "
        "(SELECT value FROM json_each(?3))",
        transaction.at(), lane_name(lane, queue), nlohmann::json(at_work).dump());
}

bool has_told_trouble(Transaction& transaction, const Claim& claim) {
    return trouble_of(transaction, claim).times > 1;
}

int take_up_expired(Transaction& transaction) {
    return take_up(transaction, of_passed_leases);
}

std::optional<Duration> next_expiry(Transaction& transaction) {
    const auto first = sql::number(transaction, "SELECT min(lease) FROM job WHERE state = 'running'");
    if (!first) return std::nullopt;
    return std::max(Duration(*first - transaction.at()), Duration::zero());
}

void take_up_all(Transaction& transaction) {
    sql::execute(transaction, "UPDATE life SET number = number + 1");
    set_aside_unknown_states(transaction);  // which are of no life
    while (take_up(transaction, of_earlier_lives) > 0) {
    }
}

}  // namespace hilum
