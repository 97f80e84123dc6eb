#include "store/overview/gauges.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "store/audit/audit_forwarding.h"
#include "store/database/sql.h"
#include "store/jobs/states.h"

namespace hilum {
namespace {

using Gauges = std::vector<CounterValue>;

void add_jobs(Transaction& transaction, Gauges& all) {
    std::map<std::pair<std::string, std::string>, std::int64_t> jobs;
    for (const auto lane : all_lanes)
        for (const auto state : states_of(lane)) jobs[{to_text(lane), to_text(state)}] = 0;
    // Of commitments those alone are jobs to people that were given up.
    jobs[{"commitment", to_text(JobState::expired)}] = 0;
    sql::each(transaction,
              "SELECT kind, word, sum(jobs) FROM job_total WHERE kind != 'commitment' OR word = 'expired'"
              " GROUP BY kind, word",
              [&](const sql::Row& row) {
                  jobs[{row.text(0), row.text(1)}] = row.int64(2);
              });
    for (const auto& [job, count] : jobs)
        all.push_back({"jobs", {{"kind", job.first}, {"state", job.second}}, count});
}

void add_held_up(Transaction& transaction, Gauges& all) {
    std::map<std::string, std::int64_t> jobs{
        {to_text(Lane::analysis), 0}, {to_text(Lane::report), 0}, {to_text(Lane::delivery), 0}};
    sql::each(transaction,
              "SELECT kind, count(*) FROM job WHERE state = 'queued' AND troubles > 0 GROUP BY kind",
              [&](const sql::Row& row) { jobs[row.text(0)] = row.int64(1); });
    for (const auto& [kind, count] : jobs) all.push_back({"held_up_jobs", {{"kind", kind}}, count});
}

struct Waiting {
    std::int64_t jobs = 0, oldest_seconds = 0;
};

// Depth and age of the queues. What waits longest counts from its making, also over a time when the node was
// off.
void add_queues(Transaction& transaction, Gauges& all) {
    std::map<std::string, Waiting> kinds;
    for (const auto lane : all_lanes) kinds[to_text(lane)] = {};
    std::int64_t oldest = 0;
    sql::each(transaction,
              "SELECT kind, queue, count(*), min(created_at) FROM job WHERE state IN ('queued', 'running')"
              " GROUP BY lane",
              [&](const sql::Row& row) {
                  const auto kind = row.text(0);
                  const std::map<std::string, std::string> destination{{"destination", row.text(1)}};
                  const Waiting lane{row.int64(2),
                                     std::max<std::int64_t>(0, transaction.at() - row.int64(3)) / 1'000'000};
                  if (kind == "commitment") {
                      all.push_back({"uncommitted_results", destination, lane.jobs});
                      return;
                  }
                  if (kind == to_text(Lane::delivery)) {
                      all.push_back({"waiting_deliveries", destination, lane.jobs});
                      all.push_back({"oldest_waiting_delivery_seconds", destination, lane.oldest_seconds});
                  }
                  kinds[kind].jobs += lane.jobs;
                  kinds[kind].oldest_seconds = std::max(kinds[kind].oldest_seconds, lane.oldest_seconds);
                  oldest = std::max(oldest, lane.oldest_seconds);
              });
    for (const auto& [kind, waiting] : kinds) {
        all.push_back({"waiting_jobs", {{"kind", kind}}, waiting.jobs});
        all.push_back({"oldest_waiting_seconds", {{"kind", kind}}, waiting.oldest_seconds});
    }
    all.push_back({"oldest_waiting_job_seconds", {}, oldest});
}

void add_kept(Transaction& transaction, Gauges& all) {
    sql::each(transaction, "SELECT kind, files, bytes FROM stored_total", [&](const sql::Row& row) {
        const std::map<std::string, std::string> kind{{"kind", row.text(0)}};
        all.push_back({"kept_files", kind, row.int64(1)});
        all.push_back({"kept_bytes", kind, row.int64(2)});
        if (row.text(0) != "objects") return;
        all.push_back({"stored_instances", {}, row.int64(1)});
        all.push_back({"stored_bytes", {}, row.int64(2)});
    });
    sql::each(transaction, "SELECT budget, over_since IS NOT NULL FROM retention", [&](const sql::Row& row) {
        if (!row.is_null(0)) all.push_back({"retention_budget_bytes", {}, row.int64(0)});
        all.push_back({"retention_over_budget", {}, row.int64(1)});
    });
    all.push_back(
        {"held_studies",
         {},
         sql::number(transaction, "SELECT count(*) FROM study WHERE held_at IS NOT NULL").value_or(0)});
}

// What nobody takes up though its time came long ago: something stands still. A study's came when it was due
// and the last of its analyses had ended, however long that took.
void add_overdue(Transaction& transaction, Gauges& all) {
    const auto since = transaction.at() - Duration(overdue_after).count();
    const auto studies = sql::number(
        transaction,
        "SELECT count(*) FROM (SELECT id FROM study WHERE due_at <= ?1 ORDER BY due_at LIMIT 100) AS waits "
        "WHERE NOT EXISTS (SELECT 1 FROM job WHERE study_id = waits.id AND kind = 'analysis' AND (state IN "
        "('queued', 'running') OR updated_at BETWEEN ?1 AND ?2))",  // not of a clock that was ahead
        since, std::int64_t{transaction.at()});
    const auto reports = sql::number(transaction,
                                     "SELECT count(*) FROM job WHERE state = 'queued' AND lane = 'compose' "
                                     "AND urgent IN (0, 1) AND due <= ?1",
                                     since);
    all.push_back({"overdue_jobs", {{"kind", "report"}}, studies.value_or(0) + reports.value_or(0)});
}

// Age in whole seconds; a time to come, by a clock that was set back, is none.
std::int64_t seconds_since(Transaction& transaction, std::int64_t at) {
    return std::max<std::int64_t>(0, transaction.at() - at) / 1'000'000;
}

void add_audit_servers(Transaction& transaction, Gauges& all) {
    for (const auto& backlog : audit_backlogs(transaction)) {
        const std::map<std::string, std::string> server{{"server", backlog.server}};
        all.push_back({"audit_syslog_waiting", server, backlog.waiting});
        all.push_back({"audit_syslog_oldest_waiting_seconds", server,
                       backlog.oldest_at ? seconds_since(transaction, *backlog.oldest_at) : 0});
        if (backlog.last_sent_at)
            all.push_back({"audit_syslog_seconds_since_sent", server,
                           seconds_since(transaction, *backlog.last_sent_at)});
    }
}

}  // namespace

std::vector<CounterValue> read_gauges(Transaction& transaction) {
    Gauges all;
    add_jobs(transaction, all);
    add_queues(transaction, all);
    add_held_up(transaction, all);
    add_kept(transaction, all);
    add_overdue(transaction, all);
    add_audit_servers(transaction, all);
    all.push_back({"damaged_objects",
                   {},
                   sql::number(transaction,
                               "SELECT count(*) FROM instance WHERE damaged_at IS NOT NULL "
                               "AND removed_at IS NULL AND state IN ('to_analyse', 'prior')")
                       .value_or(0)});
    return all;
}

}  // namespace hilum
