#include "store/jobs/delivery_order.h"

#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/damaged_results.h"
#include "store/jobs/states.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

// Of the row `job`: no earlier version of its report waits for the destination, but an SR that it has
// refused, or whose file this node cannot read. CROSS JOIN: from the job to its study's few, however many
// wait in the lane.
#define HILUM_IS_NEXT_OF_ITS_STUDY                                                                          \
    " AND NOT EXISTS (SELECT 1 FROM delivery CROSS JOIN result ON result.id = delivery.result_id CROSS"     \
    " JOIN report ON report.id = result.report_id CROSS JOIN job AS other ON other.study_id ="              \
    " job.study_id AND +other.lane = job.lane AND other.state IN ('queued', 'running') CROSS JOIN"          \
    " delivery AS before ON before.id = other.subject AND (before.refusals + before.commitment_refusals + " \
    "before.commitment_failures + other.troubles = 0 OR result.kind = 'oru')"                               \
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

namespace {

// The deliveries of the jobs that `waiting` selects (id, subject, error_code, which tells of a file that is
// missing or damaged).
void discard_each(Transaction& transaction, const char* waiting, std::int64_t of) {
    std::vector<std::int64_t> jobs, without_file;
    sql::each(
        transaction, waiting,
        [&](const sql::Row& row) {
            jobs.push_back(row.int64(0));
            if (row.text(2) == result_damaged || row.text(2) == result_differs)
                without_file.push_back(row.int64(1));
        },
        of);
    // Said again of the rows themselves: they were found by indices.
    for (const auto job : jobs)
        if (sql::execute(transaction,
                         "UPDATE job SET state = 'discarded', outcome = '', error = ?, updated_at = ? WHERE "
                         "id = ? AND kind = 'delivery' AND state IN ('queued', 'set_aside')",
                         std::string(newer_version), transaction.at(), job) == 0)
            sql::index_lies("job", job);
    for (const auto delivery : without_file) give_up_file(transaction, delivery, true);
}

}  // namespace

void discard_replaced(Transaction& transaction, std::int64_t delivery) {
    // A picture replaces nothing, and of what a version does not tell is looked at once for all of it.
    if (!sql::number(transaction,
                     "SELECT 1 FROM delivery JOIN result ON result.id = result_id WHERE delivery.id = ? AND "
                     "result.kind IN ('sr', 'oru')",
                     delivery))
        return;
    discard_each(
        transaction,
        "SELECT id, subject, error_code FROM job WHERE lane = (SELECT 'deliver/' || destination FROM "
        "delivery WHERE id = ?1) AND state IN ('queued', 'set_aside') AND subject IN (SELECT "
        "delivery.id FROM report AS this JOIN report ON report.study_id = this.study_id JOIN result "
        "ON result.report_id = report.id JOIN delivery ON delivery.result_id = result.id WHERE "
        "this.id = (SELECT report_id FROM result JOIN delivery ON result_id = result.id WHERE "
        "delivery.id = ?1) AND result.kind IN ('sr', 'oru') AND" HILUM_IS_REPLACED ")",
        delivery);
}

void discard_pictures_of_the_past(Transaction& transaction, std::int64_t study) {
    discard_each(
        transaction,
        "SELECT id, subject, error_code FROM job WHERE study_id = ?1 AND kind = 'delivery' AND state "
        "IN ('queued', 'set_aside') AND subject IN (SELECT delivery.id FROM report JOIN result ON "
        "result.report_id = report.id JOIN delivery ON delivery.result_id = result.id WHERE "
        "report.study_id = ?1 AND" HILUM_PICTURE_OF_THE_PAST ")",
        study);
}

void queue_again(Transaction& transaction, std::int64_t job, LastError last_error) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'queued', outcome = '', attempt = 0, interruptions = 0, due = ?2, "
                 "updated_at = ?2,"
                 " error = iif(?3, '', error), error_code = '' WHERE id = ?1",
                 job, transaction.at(), last_error == LastError::forgotten ? 1 : 0);
}

void deliver_afresh(Transaction& transaction, std::int64_t job, std::int64_t delivery, LastError last_error) {
    queue_again(transaction, job, last_error);
    sql::execute(transaction, "UPDATE job SET created_at = ?, uncounted = 0 WHERE id = ?", transaction.at(),
                 job);
    sql::execute(
        transaction,
        "UPDATE delivery SET refusals = 0, commitment_failures = 0, commitment_refusals = 0 WHERE id = ?",
        delivery);
    want_no_commitment(transaction, delivery);
    note_delivery(transaction, delivery, DeliveryFact::resent);
}

bool tell_again(Transaction& transaction, const std::string& sop_instance_uid, const std::string& destination,
                std::int64_t version) {
    const auto delivery = sql::number(transaction,
                                      "SELECT delivery.id FROM result JOIN delivery ON delivery.result_id = "
                                      "result.id AND destination = ?1 WHERE sop_instance_uid = ?2",
                                      destination, sop_instance_uid);
    if (!delivery) return false;
    const auto discarded = sql::number(
        transaction,
        "SELECT job.id FROM job JOIN delivery ON delivery.id = subject JOIN result ON result.id = result_id "
        "JOIN report ON report.id = report_id WHERE lane = ?1 AND subject = ?2 AND job.state = 'discarded' "
        "AND job.error = ?3 AND (result.removed_at IS NULL OR on_demand = 1) AND" HILUM_PICTURE_OF_THE_PAST,
        lane_name(Lane::delivery, destination), *delivery, std::string(newer_version));
    if (discarded) deliver_afresh(transaction, *discarded, *delivery, LastError::forgotten);
    sql::execute(transaction, "UPDATE delivery SET told_version = max(told_version, ?) WHERE id = ?", version,
                 *delivery);
    return true;
}

}  // namespace hilum
