#include "store/overview/gauges.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/clock.h"

namespace hilum {
namespace {

using Gauges = std::vector<CounterValue>;

void add_jobs(Database& database, Gauges& all) {
    std::map<std::pair<std::string, std::string>, std::int64_t> jobs;
    for (const auto* state : {"queued", "running", "analysed", "not_analysed", "quarantined", "discarded"})
        jobs[{"analysis", state}] = 0;
    for (const auto* state : {"queued", "running", "composed", "quarantined", "discarded"})
        jobs[{"report", state}] = 0;
    for (const auto* state : {"queued", "running", "delivered", "refused", "expired", "discarded"})
        jobs[{"delivery", state}] = 0;
    database.each(
        "SELECT 'analysis', state, count(*) FROM analysis GROUP BY state"
        " UNION ALL SELECT 'report', state, count(*) FROM report GROUP BY state"
        " UNION ALL SELECT 'delivery', state, count(*) FROM delivery GROUP BY state",
        [&](SQLite::Statement& row) {
            jobs[{row.getColumn(0).getString(), row.getColumn(1).getString()}] = row.getColumn(2).getInt64();
        });
    for (const auto& [job, count] : jobs)
        all.push_back({"jobs", {{"kind", job.first}, {"state", job.second}}, count});
}

// Depth and age of the queues. What waits longest counts from its making, also over a time when the node was
// off.
void add_queues(Database& database, Gauges& all) {
    const std::int64_t at = to_microseconds(now());
    const auto age = [&](SQLite::Statement& row, int column) {
        return row.isColumnNull(column)
                   ? std::int64_t{0}
                   : std::max<std::int64_t>(0, at - row.getColumn(column).getInt64()) / 1'000'000;
    };
    std::int64_t oldest = 0;
    database.each(
        "SELECT 'analysis', count(*), min(created_at) FROM analysis WHERE state IN ('queued', 'running')"
        " UNION ALL SELECT 'report', count(*), min(created_at) FROM report WHERE state IN ('queued', "
        "'running')"
        " UNION ALL SELECT 'delivery', count(*), min(created_at) FROM delivery WHERE state IN ('queued', "
        "'running')",
        [&](SQLite::Statement& row) {
            const std::map<std::string, std::string> kind{{"kind", row.getColumn(0).getString()}};
            all.push_back({"waiting_jobs", kind, row.getColumn(1).getInt64()});
            all.push_back({"oldest_waiting_seconds", kind, age(row, 2)});
            oldest = std::max(oldest, age(row, 2));
        });
    all.push_back({"oldest_waiting_job_seconds", {}, oldest});
    database.each(
        "SELECT destination, count(*), min(created_at) FROM delivery WHERE state IN ('queued', 'running')"
        " GROUP BY destination",
        [&](SQLite::Statement& row) {
            const std::map<std::string, std::string> destination{
                {"destination", row.getColumn(0).getString()}};
            all.push_back({"waiting_deliveries", destination, row.getColumn(1).getInt64()});
            all.push_back({"oldest_waiting_delivery_seconds", destination, age(row, 2)});
        });
    database.each(
        "SELECT destination, count(*) FROM delivery WHERE commitment IN ('wanted', 'requested')"
        " GROUP BY destination",
        [&](SQLite::Statement& row) {
            all.push_back({"uncommitted_results",
                           {{"destination", row.getColumn(0).getString()}},
                           row.getColumn(1).getInt64()});
        });
}

}  // namespace

std::vector<CounterValue> read_gauges(Database& database) {
    Gauges all;
    add_jobs(database, all);
    add_queues(database, all);
    all.push_back({"stored_bytes", {}, database.number("SELECT sum(size) FROM instance").value_or(0)});
    all.push_back({"stored_instances", {}, database.number("SELECT count(*) FROM instance").value_or(0)});
    return all;
}

}  // namespace hilum
