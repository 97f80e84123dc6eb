#include "store/stored_deadlines.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/audit/audit_event.h"
#include "store/clock_watch.h"
#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/states.h"
#include "store/retry_policy.h"

namespace hilum {
namespace {

void move_deadlines(Transaction& transaction, Duration step) {
    const std::int64_t by = step.count();
    sql::execute(transaction,
                 "UPDATE report SET received_at = received_at + ?1 WHERE id IN (SELECT subject FROM job"
                 " WHERE state IN ('queued', 'running') AND kind = 'report' UNION SELECT report_id FROM job"
                 " JOIN delivery ON delivery.id = subject JOIN result ON result.id = result_id WHERE state IN"
                 " ('queued', 'running') AND job.kind = 'delivery')",
                 by);
    // What came under a clock that was ahead would hide every later failure.
    sql::execute(transaction, "UPDATE arrival SET at = min(at, ?)", transaction.at());
    sql::execute(transaction,
                 "UPDATE study SET due_at = due_at + ?1, first_pending_at = first_pending_at + ?1,"
                 " last_arrival_at = last_arrival_at + ?1 WHERE due_at IS NOT NULL",
                 by);
    // A clock that goes back after it was ahead at start: what seemed to be time away was none, and what is
    // older than the start has its right times already. What is composed anew has to say what it said. When
    // results were sent goes with when their commitment was requested.
    sql::execute(
        transaction,
        "UPDATE job SET due = due + ?1, lease = lease + ?1, trouble_since = trouble_since + ?1,"
        " trouble_at = trouble_at + ?1,"
        " created_at = iif(kind != 'commitment' AND ?1 < 0 AND uncounted + ?1 >= 0 OR kind = 'report'"
        " AND subject IN (SELECT id FROM report WHERE composed_anew != 0 OR (kind = 'results' AND "
        "received_at IS NULL)), created_at, created_at +"
        " ?1), uncounted = iif(kind != 'commitment' AND ?1 < 0 AND uncounted + ?1 >= 0, uncounted +"
        " ?1, uncounted)"
        " WHERE state IN ('queued', 'running')",
        by);
    sql::execute(transaction, "UPDATE destination SET away_since = away_since + ?", by);
    sql::execute(transaction,
                 "UPDATE commitment SET requested_at = requested_at + ?1 WHERE reported_at IS NULL", by);
    // A late answer counts also for what was given up.
    sql::execute(transaction,
                 "UPDATE job SET created_at = created_at + ?1 WHERE state = 'set_aside' AND lane IN (SELECT"
                 " lane FROM job_total WHERE kind = 'commitment' AND word = 'expired' AND jobs > 0)",
                 by);
}

// What is queued in the lane is due within `longest`, or at once.
void limit_lane(Transaction& transaction, const std::string& lane, Duration longest) {
    const std::int64_t at = transaction.at();
    sql::execute(transaction, "UPDATE job SET due = ?1 WHERE state = 'queued' AND lane = ?2 AND due > ?3", at,
                 lane, at + longest.count());
}

// What lies further ahead than any delay of the configuration was stored under a wrong clock that nobody
// noticed, or under another configuration: it is tried at once.
void limit_deadlines(Transaction& transaction, const Configuration& configuration, std::int64_t at) {
    const auto& retry = configuration.retry;
    const std::int64_t latest = at + RetryPolicy{retry.first_delay, retry.longest_delay}.longest().count();
    sql::execute(transaction,
                 "UPDATE job SET due = ?1 WHERE state = 'queued' AND due > ?2 AND kind IN ('analysis',"
                 " 'report')",
                 at, latest);
    sql::execute(
        transaction,
        "UPDATE study SET due_at = min(due_at, ?1 + ?2), first_pending_at = min(first_pending_at, ?1)"
        " WHERE due_at > ?1",
        at, std::min(configuration.study.idle_timeout, configuration.study.max_wait).count());
    sql::execute(transaction, "UPDATE destination SET away_since = min(away_since, ?)", at);
    for (const auto& destination : configuration.destinations) {
        const Duration longest = RetryPolicy{destination.first_delay, destination.longest_delay}.longest();
        const auto lane = lane_name(Lane::delivery, destination.name);
        const auto asked = commitment_lane(destination.name);
        limit_lane(transaction, lane, std::max(longest, destination.refused_delay));
        limit_lane(transaction, asked,
                   std::max({longest, destination.commitment_wait, Duration(commitment_gathering)}));
        for (const auto& one : {lane, asked})
            sql::execute(transaction,
                         "UPDATE job SET created_at = ?1 WHERE state IN ('queued', 'running') AND lane = ?2"
                         " AND created_at > ?1",
                         at, one);
    }
}

void tell(Transaction& transaction, Duration step, const char* when) {
    const bool ahead = step > Duration::zero();
    spdlog::warn("the wall clock was set {} by {} {}; every deadline was moved with it",
                 ahead ? "ahead" : "back", format_duration(std::chrono::abs(step)), when);
    sql::execute(transaction, "UPDATE clock SET set_at = ?, set_by = ?", transaction.at(), step.count());
    transaction.count("clock_steps", {{"direction", ahead ? "ahead" : "back"}});
    audit::AuditEvent event;
    event.type = "clock_set";
    event.actor = "system";
    event.detail = {{"seconds", std::chrono::duration<double>(step).count()}, {"when", when}};
    transaction.append_audit(event);
}

}  // namespace

void clock_was_set(Transaction& transaction, const Configuration& configuration, Duration step) {
    move_deadlines(transaction, step);
    limit_deadlines(transaction, configuration, transaction.at());
    tell(transaction, step, "while the node ran");
    keep_time_seen(transaction);
}

void take_up_deadlines(Transaction& transaction, const Configuration& configuration) {
    const auto seen = from_microseconds(sql::number(transaction, "SELECT seen_at FROM clock").value_or(0));
    const Duration away = seen == Timestamp() ? Duration::zero() : transaction.now() - seen;
    if (away <= -ClockWatch::smallest_step) {
        move_deadlines(transaction, away);
        tell(transaction, away, "since the node last ran");
    } else if (away > Duration::zero()) {
        sql::execute(transaction,
                     "UPDATE job SET uncounted = uncounted + ? WHERE state IN ('queued', 'running')",
                     away.count());
        sql::execute(transaction, "UPDATE destination SET away_since = away_since + ?", away.count());
    }
    limit_deadlines(transaction, configuration, transaction.at());
    keep_time_seen(transaction);
}

void keep_time_seen(Transaction& transaction) {
    sql::execute(transaction, "UPDATE clock SET seen_at = ?", transaction.at());
}

}  // namespace hilum
