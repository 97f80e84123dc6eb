#include "store/recovery/earlier_results.h"

#include <vector>

#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/claim.h"
#include "store/jobs/delivery_order.h"
#include "store/jobs/states.h"
#include "store/study_rows.h"

namespace hilum {
namespace {

constexpr const char* explicit_little_endian = "1.2.840.10008.1.2.1";  // of all objects that Hilum composes

// ---- what became of deliveries ----

struct EarlierDelivery {
    std::int64_t delivery;
    std::string sop_instance_uid, destination, state;
    std::int64_t delivered_at, tried;
};

#define HILUM_EARLIER                                                                    \
    "SELECT delivery.id, earlier.sop_instance_uid, earlier.destination, earlier.state, " \
    "earlier.delivered_at, earlier.tried FROM "
// From the few results of one report, and from the journal's deliveries, of which there may be none: the
// order of the tables is SQLite's to choose no more.
constexpr const char* earlier_of_report = HILUM_EARLIER
    "result CROSS JOIN delivery ON delivery.result_id = result.id CROSS JOIN earlier_delivery AS earlier ON "
    "earlier.sop_instance_uid = result.sop_instance_uid AND earlier.destination = delivery.destination "
    "WHERE result.report_id = ?";
constexpr const char* earlier_of_all = HILUM_EARLIER
    "earlier_delivery AS earlier CROSS JOIN result ON result.sop_instance_uid = earlier.sop_instance_uid "
    "CROSS JOIN delivery ON delivery.result_id = result.id AND delivery.destination = earlier.destination";
#undef HILUM_EARLIER

// What was queued again here since then is sent again. Whether it was not. What runs does so in a backup that
// was made meanwhile: nobody is at it.
bool settle_arrived(Transaction& transaction, const EarlierDelivery& earlier, const AsksForCommitment& asks) {
    const auto [state, outcome] = stored(JobState::delivered);
    const bool settled =
        sql::execute(transaction,
                     "UPDATE job SET state = ?, outcome = ?, updated_at = ?, owner = NULL, lease = NULL "
                     "WHERE lane = ? "
                     "AND subject = ? AND state IN ('queued', 'running') AND (created_at <= ? OR (SELECT "
                     "delivered_at IS NULL FROM delivery "
                     "WHERE id = subject))",
                     state, outcome, transaction.at(), lane_name(Lane::delivery, earlier.destination),
                     earlier.delivery, earlier.delivered_at) > 0;
    if (!settled || !asks(earlier.destination)) return settled;
    want_commitment(transaction, earlier.delivery);
    if (earlier.state == "committed") know_committed(transaction, earlier.destination, earlier.delivery);
    return settled;
}

// In a backup from before that it is delivered still.
void settle_resent(Transaction& transaction, const EarlierDelivery& earlier) {
    const auto job = sql::number(
        transaction,
        "SELECT job.id FROM job JOIN delivery ON delivery.id = subject JOIN result ON result.id = result_id "
        "JOIN report ON report.id = report_id WHERE lane = ? AND subject = ? AND word = 'delivered' AND "
        "withdrawn = 0 AND (result.removed_at IS NULL OR on_demand = 1)",
        lane_name(Lane::delivery, earlier.destination), earlier.delivery);
    if (job && !is_replaced(transaction, earlier.delivery))
        deliver_afresh(transaction, *job, earlier.delivery, LastError::forgotten);
}

void settle_discarded(Transaction& transaction, const EarlierDelivery& earlier) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', updated_at = ?, owner = NULL, lease = "
                 "NULL WHERE lane = ? AND subject = ? AND state IN ('queued', 'running', 'set_aside')",
                 transaction.at(), lane_name(Lane::delivery, earlier.destination), earlier.delivery);
}

// Whether it is done by that.
bool settle_one(Transaction& transaction, const EarlierDelivery& earlier, const AsksForCommitment& asks) {
    bool arrived = false;
    if (earlier.state == "resent")
        settle_resent(transaction, earlier);
    else if (earlier.state == "discarded")
        settle_discarded(transaction, earlier);
    else
        arrived = settle_arrived(transaction, earlier, asks);
    sql::execute(transaction,
                 "UPDATE delivery SET tried = max(tried, ?1), delivered_at = coalesce(delivered_at, "
                 "nullif(?2, 0)) WHERE id = ?3",
                 earlier.tried, earlier.delivered_at, earlier.delivery);
    sql::execute(transaction, "DELETE FROM earlier_delivery WHERE sop_instance_uid = ? AND destination = ?",
                 earlier.sop_instance_uid, earlier.destination);
    return arrived;
}

template <typename... Of>
void settle(Transaction& transaction, const AsksForCommitment& asks, const char* sql, const Of&... of) {
    std::vector<EarlierDelivery> all;
    sql::each(
        transaction, sql,
        [&](const sql::Row& row) {
            all.push_back({row.int64(0), row.text(1), row.text(2), row.text(3), row.int64(4), row.int64(5)});
        },
        of...);
    std::erase_if(all,
                  [&](const EarlierDelivery& earlier) { return !settle_one(transaction, earlier, asks); });
    for (const auto& arrived : all) discard_replaced(transaction, arrived.delivery);
}

// ---- rows for what has none ----

struct MissingDelivery {
    std::int64_t result, study, version;
    std::string destination;
    bool withdrawn;
};

#define HILUM_MISSING \
    "SELECT result.id, report.study_id, report.version, earlier.destination, report.withdrawn != 0 FROM "
#define HILUM_WITHOUT_ROW                                                                                \
    " CROSS JOIN report ON report.id = result.report_id WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE " \
    "result_id = result.id AND destination = earlier.destination) "
constexpr const char* missing_of_report = HILUM_MISSING
    "result CROSS JOIN earlier_delivery AS earlier ON earlier.sop_instance_uid = "
    "result.sop_instance_uid" HILUM_WITHOUT_ROW "AND result.report_id = ? ORDER BY result.id";
constexpr const char* missing_of_all = HILUM_MISSING
    "earlier_delivery AS earlier CROSS JOIN result ON result.sop_instance_uid = "
    "earlier.sop_instance_uid" HILUM_WITHOUT_ROW "ORDER BY result.id";
#undef HILUM_WITHOUT_ROW
#undef HILUM_MISSING

// They wait until they are settled; of what was withdrawn nothing does.
template <typename... Of>
void add_missing(Transaction& transaction, const char* sql, const Of&... of) {
    std::vector<MissingDelivery> all;
    sql::each(
        transaction, sql,
        [&](const sql::Row& row) {
            all.push_back({row.int64(0), row.int64(1), row.int64(2), row.text(3), row.int32(4) != 0});
        },
        of...);
    for (const auto& missing : all) {
        sql::execute(transaction,
                     "INSERT INTO delivery(result_id, destination, told_version) VALUES(?, ?, ?)",
                     missing.result, missing.destination, missing.version);
        const auto delivery = sql::last_id(transaction);
        queue_job(transaction, Lane::delivery, missing.destination, delivery, missing.study);
        if (missing.withdrawn)
            sql::execute(
                transaction,
                "UPDATE job SET state = 'discarded', error = 'the results were withdrawn' WHERE lane "
                "= ? AND subject = ?",
                lane_name(Lane::delivery, missing.destination), delivery);
    }
}

#define HILUM_SAME_VERSION                                                                         \
    "study_instance_uid = (SELECT study_instance_uid FROM study JOIN report ON report.study_id = " \
    "study.id WHERE report.id = ?1) AND model = (SELECT model FROM report WHERE id = ?1) AND "     \
    "version = (SELECT version FROM report WHERE id = ?1)"

void add_results(Transaction& transaction, std::int64_t report) {
    sql::execute(transaction,
                 "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid, "
                 "transfer_syntax_uid, file, sha256, created_at, audit_head, made_with) SELECT ?1, kind, "
                 "sop_class_uid, "
                 "sop_instance_uid, series_instance_uid, iif(kind = 'oru', '', ?2), file, sha256, ?3, "
                 "audit_head, made_with FROM earlier_result WHERE " HILUM_SAME_VERSION
                 " ORDER BY number ON CONFLICT(sop_instance_uid) DO NOTHING",
                 report, std::string(explicit_little_endian), transaction.at());
    sql::execute(transaction, "DELETE FROM earlier_result WHERE " HILUM_SAME_VERSION, report);
}
#undef HILUM_SAME_VERSION

// A version that was composed; where there is a row of it, that.
std::int64_t report_of(Transaction& transaction, std::int64_t study, const std::string& model,
                       std::int64_t version) {
    const auto find = [&] {
        return sql::number(transaction,
                           "SELECT id FROM report WHERE study_id = ? AND model = ? AND version = ?", study,
                           model, version);
    };
    if (const auto known = find()) return *known;
    sql::execute(transaction, "INSERT INTO report(study_id, model, version) VALUES(?, ?, ?)", study, model,
                 version);
    const auto report = find().value();
    queue_job(transaction, Lane::report, "", report, study);
    const auto [state, outcome] = stored(JobState::composed);
    sql::execute(transaction, "UPDATE job SET state = ?, outcome = ? WHERE lane = ? AND subject = ?", state,
                 outcome, lane_name(Lane::report, ""), report);
    return report;
}

// Of withdrawals that are rows.
#define HILUM_NOTES                                                                                    \
    "SELECT report.id FROM study CROSS JOIN report ON report.study_id = study.id WHERE report.kind = " \
    "'withdrawal' AND EXISTS (SELECT 1 FROM earlier_result WHERE earlier_result.study_instance_uid = " \
    "study.study_instance_uid AND earlier_result.model = report.model AND earlier_result.version = "   \
    "report.version)"
constexpr const char* all_notes = HILUM_NOTES;
constexpr const char* notes_of_study = HILUM_NOTES " AND study_instance_uid = ?";
#undef HILUM_NOTES

template <typename... Of>
void restore_notes(Transaction& transaction, const char* sql, const Of&... of) {
    std::vector<std::int64_t> notes;
    sql::each(
        transaction, sql, [&](const sql::Row& row) { notes.push_back(row.int64(0)); }, of...);
    for (const auto note : notes) add_results(transaction, note);
}

// Each that was made has arrived, and each destination that may have results got one.
void finish_notes(Transaction& transaction) {
    const auto [state, outcome] = stored(JobState::composed);
    sql::execute(
        transaction,
        "UPDATE job SET state = ?, outcome = ?, updated_at = ? WHERE lane = 'compose' AND state = 'queued' "
        "AND subject IN (SELECT note.id FROM report AS note JOIN result ON result.report_id = note.id WHERE "
        "note.kind = 'withdrawal') AND NOT EXISTS (SELECT 1 FROM result WHERE report_id = job.subject AND "
        "NOT "
        "EXISTS (SELECT 1 FROM delivery WHERE result_id = result.id AND delivered_at IS NOT NULL)) AND NOT "
        "EXISTS (SELECT 1 FROM report AS note JOIN report AS back ON back.study_id = note.study_id AND "
        "back.model = note.model AND back.withdrawn = note.version JOIN result ON result.report_id = back.id "
        "JOIN delivery ON delivery.result_id = result.id AND delivery.tried != 0 WHERE note.id = job.subject "
        "AND NOT EXISTS (SELECT 1 FROM result AS told JOIN delivery AS came ON came.result_id = told.id "
        "WHERE "
        "told.report_id = note.id AND came.destination = delivery.destination AND came.delivered_at IS NOT "
        "NULL))",
        state, outcome, transaction.at());
}

bool asks_none(const std::string& /*destination*/) {
    return false;
}

// A start discards what nobody is asked for (take_up_commitments).
bool asks_all(const std::string& /*destination*/) {
    return true;
}

}  // namespace

void settle_earlier_deliveries(Transaction& transaction, std::int64_t report, const AsksForCommitment& asks) {
    settle(transaction, asks, earlier_of_report, report);
}

void restore_earlier_results(Transaction& transaction, std::int64_t report, const AsksForCommitment& asks) {
    add_results(transaction, report);
    add_missing(transaction, missing_of_report, report);
    settle_earlier_deliveries(transaction, report, asks);
}

void restore_earlier_study(Transaction& transaction, const std::string& study_instance_uid) {
    if (!has_earlier_results(transaction, study_instance_uid)) return;
    know_study(transaction, study_instance_uid, transaction.at());
    const auto study =
        sql::number(transaction, "SELECT id FROM study WHERE study_instance_uid = ?", study_instance_uid)
            .value();
    std::vector<std::pair<std::string, std::int64_t>> versions;
    sql::each(
        transaction,
        "SELECT DISTINCT model, version FROM earlier_result WHERE study_instance_uid = ? AND kind != 'ko' "
        "ORDER "
        "BY version, model",
        [&](const sql::Row& row) { versions.emplace_back(row.text(0), row.int64(1)); }, study_instance_uid);
    for (const auto& [model, version] : versions)
        restore_earlier_results(transaction, report_of(transaction, study, model, version), asks_none);
    sql::execute(transaction,
                 "UPDATE study SET report_version = max(report_version, ?1, coalesce((SELECT version FROM "
                 "earlier_study WHERE earlier_study.study_instance_uid = study.study_instance_uid), 0)) "
                 "WHERE id = ?2",
                 versions.back().second, study);
}

void restore_earlier_notes(Transaction& transaction, const std::string& study_instance_uid) {
    restore_notes(transaction, notes_of_study, study_instance_uid);
}

bool has_earlier_results(Transaction& transaction, const std::string& study_instance_uid) {
    return sql::number(transaction,
                       "SELECT 1 FROM earlier_result WHERE study_instance_uid = ? AND kind != 'ko' LIMIT 1",
                       study_instance_uid)
        .has_value();
}

void restore_earlier_deliveries(Transaction& transaction) {
    restore_notes(transaction, all_notes);
    add_missing(transaction, missing_of_all);
    settle(transaction, asks_all, earlier_of_all);
    finish_notes(transaction);
}

}  // namespace hilum
