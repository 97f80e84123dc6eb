// Overview: destinations, each with what was sent there and what keeps things from it.
#include <nlohmann/json.hpp>

#include "store/database/json_rows.h"
#include "store/database/sql.h"
#include "store/overview/answering.h"
#include "store/overview/overview.h"

namespace hilum {
namespace {

constexpr const char* known_destinations =
    "SELECT queue AS name, sum(iif(kind = 'delivery' AND word IN ('queued', 'running'), jobs, 0)) AS waiting,"
    " sum(iif(word = 'delivered', jobs, 0)) AS delivered, sum(iif(kind = 'delivery' AND word IN ('refused',"
    " 'expired'), jobs, 0)) AS refused, sum(iif(word = 'committed', jobs, 0)) AS committed, sum(iif(kind ="
    " 'commitment' AND word = 'queued', jobs, 0)) AS uncommitted, sum(iif(kind = 'commitment' AND word ="
    " 'expired', jobs, 0)) AS unanswered, (SELECT paused_at FROM destination AS d"
    " WHERE d.name = job_total.queue) AS paused_at FROM job_total WHERE kind IN ('delivery', 'commitment')"
    " GROUP BY queue UNION ALL SELECT name, 0, 0, 0, 0, 0, 0, paused_at FROM destination WHERE paused_at IS "
    "NOT NULL AND name NOT IN (SELECT queue FROM job_total WHERE kind = 'delivery')";

// Of the destination ?1, what is tried again; and what waits for an operator, or was delivered and waits for
// its commitment, if it failed after anything last arrived. CROSS JOIN: the newest of the few that failed.
constexpr const char* last_error_of_destination =
    "SELECT job.error, job.error_at FROM job CROSS JOIN delivery ON delivery.id = job.subject CROSS JOIN"
    " result ON result.id = result_id CROSS JOIN report ON report.id = report_id WHERE job.lane = 'deliver/'"
    " || ?1 AND job.kind = 'delivery' AND job.error != '' AND job.state != 'discarded' AND withdrawn = 0 AND"
    " (job.state != 'done' OR EXISTS (SELECT 1 FROM job AS asked WHERE asked.lane = 'commit/' || ?1 AND"
    " asked.subject = job.subject AND asked.state IN ('queued', 'set_aside'))) AND (job.state IN"
    " ('queued', 'running') OR error_at > coalesce((SELECT at FROM arrival WHERE arrival.lane ="
    " iif(job.state = 'done', 'commit/', 'deliver/') || ?1), 0))"
    " ORDER BY job.error_at DESC LIMIT 1";

}  // namespace

Result<nlohmann::json> Overview::destinations() {
    return answered(*database_, [&](Transaction& transaction) {
        auto rows = sql::select(transaction, known_destinations);
        for (auto& row : rows) {
            row["last_error"] = "";
            row["last_error_at"] = nullptr;
            sql::each(
                transaction, last_error_of_destination,
                [&](const sql::Row& failed) {
                    row["last_error"] = failed.text(0);
                    row["last_error_at"] = failed.int64(1);
                },
                row["name"].get<std::string>());
        }
        times_to_text(rows);
        return rows;
    });
}

}  // namespace hilum
