#include "store/jobs/delivery_order.h"

#include "store/database/sql.h"
#include "store/jobs/states.h"

namespace hilum {
namespace {

// Of the row `job`: no earlier version of its report waits for the destination, but an SR that it has
// refused. CROSS JOIN: from the job to its study's few, however many wait in the lane.
#define HILUM_IS_NEXT_OF_ITS_STUDY                                                                          \
    " AND NOT EXISTS (SELECT 1 FROM delivery CROSS JOIN result ON result.id = delivery.result_id CROSS"     \
    " JOIN report ON report.id = result.report_id CROSS JOIN job AS other ON other.study_id ="              \
    " job.study_id AND +other.lane = job.lane AND other.state IN ('queued', 'running') CROSS JOIN"          \
    " delivery AS before ON before.id = other.subject AND (before.refusals + before.commitment_refusals + " \
    "before.commitment_failures = 0 OR result.kind = 'oru')"                                                \
    " CROSS JOIN result AS sent ON sent.id = before.result_id AND sent.kind = result.kind CROSS JOIN "      \
    "report AS earlier ON earlier.id ="                                                                     \
    " sent.report_id AND earlier.model = report.model AND earlier.version < report.version WHERE"           \
    " delivery.id = job.subject AND result.kind IN ('sr', 'oru'))"                                          \
    " AND NOT EXISTS (SELECT 1 FROM delivery CROSS JOIN result ON result.id = delivery.result_id CROSS"     \
    " JOIN report ON report.id = result.report_id CROSS JOIN job AS other ON other.study_id ="              \
    " job.study_id AND +other.lane = 'compose' AND other.state IN ('queued', 'running') CROSS JOIN"         \
    " report AS earlier ON earlier.id = other.subject AND earlier.kind = 'withdrawal' AND earlier.model ="  \
    " report.model AND earlier.version < report.version WHERE delivery.id = job.subject AND result.kind ="  \
    " 'oru')"

// As the indexes of schema/024_delivery_order.sql have it.
constexpr const char* first_attempts =
    "SELECT id FROM job WHERE state = 'queued' AND kind = 'delivery' AND attempt = 0 AND lane = ?1 AND due "
    "<= ?2" HILUM_IS_NEXT_OF_ITS_STUDY " ORDER BY urgent DESC, study_id, id LIMIT 1";
constexpr const char* tried_again =
    "SELECT id FROM job WHERE state = 'queued' AND kind = 'delivery' AND attempt > 0 AND lane = ?1 AND due "
    "<= ?2" HILUM_IS_NEXT_OF_ITS_STUDY " ORDER BY urgent * (attempt < 8) DESC, due, id LIMIT 1";
#undef HILUM_IS_NEXT_OF_ITS_STUDY

}  // namespace

std::optional<std::int64_t> next_delivery(Transaction& transaction, const std::string& destination,
                                          Attempts attempts) {
    return sql::number(transaction, attempts == Attempts::first ? first_attempts : tried_again,
                       lane_name(Lane::delivery, destination), transaction.at());
}

std::optional<std::int64_t> next_delivery_due(Transaction& transaction, const std::string& destination) {
    return sql::number(transaction,
                       "SELECT min(due) FROM job WHERE state = 'queued' AND lane = ? AND urgent IN (0, 1) "
                       "AND due > ?",
                       lane_name(Lane::delivery, destination), transaction.at());
}

bool is_replaced(Transaction& transaction, std::int64_t delivery) {
    return sql::number(transaction,
                       "SELECT 1 FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id "
                       "= report_id WHERE delivery.id = ? AND" HILUM_IS_REPLACED,
                       delivery)
        .has_value();
}

void discard_replaced(Transaction& transaction, std::int64_t delivery) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', error = ?1, updated_at = ?2 WHERE lane = "
                 "(SELECT 'deliver/' || destination FROM delivery WHERE id = ?3) AND state IN ('queued', "
                 "'set_aside') AND subject IN (SELECT delivery.id FROM report AS this JOIN report ON "
                 "report.study_id = this.study_id JOIN result ON result.report_id = report.id JOIN delivery "
                 "ON delivery.result_id = result.id WHERE this.id = (SELECT report_id FROM result JOIN "
                 "delivery ON result_id = result.id WHERE delivery.id = ?3) AND" HILUM_IS_REPLACED ")",
                 std::string(newer_version), transaction.at(), delivery);
}

}  // namespace hilum
