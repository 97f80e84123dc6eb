#include "store/overview/gauges.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "store/database/sql.h"
#include "store/jobs/states.h"

namespace hilum {
namespace {

using Gauges = std::vector<CounterValue>;

void add_jobs(Transaction& transaction, Gauges& all) {
    std::map<std::pair<std::string, std::string>, std::int64_t> jobs;
    for (const auto lane : all_lanes)
        for (const auto state : states_of(lane)) jobs[{to_text(lane), to_text(state)}] = 0;
    sql::each(transaction,
              "SELECT 'analysis', state, count(*) FROM analysis GROUP BY state"
              " UNION ALL SELECT 'report', state, count(*) FROM report GROUP BY state"
              " UNION ALL SELECT 'delivery', state, count(*) FROM delivery GROUP BY state",
              [&](const sql::Row& row) {
                  jobs[{row.text(0), row.text(1)}] = row.int64(2);
              });
    for (const auto& [job, count] : jobs)
        all.push_back({"jobs", {{"kind", job.first}, {"state", job.second}}, count});
}

// Depth and age of the queues. What waits longest counts from its making, also over a time when the node was
// off.
void add_queues(Transaction& transaction, Gauges& all) {
    const std::int64_t at = transaction.at();
    const auto age = [&](const sql::Row& row, int column) {
        return row.is_null(column) ? std::int64_t{0}
                                   : std::max<std::int64_t>(0, at - row.int64(column)) / 1'000'000;
    };
    std::int64_t oldest = 0;
    sql::each(
        transaction,
        "SELECT 'analysis', count(*), min(created_at) FROM analysis WHERE state IN ('queued', 'running')"
        " UNION ALL SELECT 'report', count(*), min(created_at) FROM report WHERE state IN ('queued', "
        "'running')"
        " UNION ALL SELECT 'delivery', count(*), min(created_at) FROM delivery WHERE state IN ('queued', "
        "'running')",
        [&](const sql::Row& row) {
            const std::map<std::string, std::string> kind{{"kind", row.text(0)}};
            all.push_back({"waiting_jobs", kind, row.int64(1)});
            all.push_back({"oldest_waiting_seconds", kind, age(row, 2)});
            oldest = std::max(oldest, age(row, 2));
        });
    all.push_back({"oldest_waiting_job_seconds", {}, oldest});
    sql::each(
        transaction,
        "SELECT destination, count(*), min(created_at) FROM delivery WHERE state IN ('queued', 'running')"
        " GROUP BY destination",
        [&](const sql::Row& row) {
            const std::map<std::string, std::string> destination{{"destination", row.text(0)}};
            all.push_back({"waiting_deliveries", destination, row.int64(1)});
            all.push_back({"oldest_waiting_delivery_seconds", destination, age(row, 2)});
        });
    sql::each(transaction,
              "SELECT destination, count(*) FROM delivery WHERE commitment IN ('wanted', 'requested')"
              " GROUP BY destination",
              [&](const sql::Row& row) {
                  all.push_back({"uncommitted_results", {{"destination", row.text(0)}}, row.int64(1)});
              });
}

}  // namespace

std::vector<CounterValue> read_gauges(Transaction& transaction) {
    Gauges all;
    add_jobs(transaction, all);
    add_queues(transaction, all);
    all.push_back(
        {"stored_bytes", {}, sql::number(transaction, "SELECT sum(size) FROM instance").value_or(0)});
    all.push_back(
        {"stored_instances", {}, sql::number(transaction, "SELECT count(*) FROM instance").value_or(0)});
    return all;
}

}  // namespace hilum
