#include <nlohmann/json.hpp>
// Overview: studies, each with all that became of it.
#include "store/database/json_rows.h"
#include "store/jobs/analyses.h"
#include "store/jobs/delivery_order.h"
#include "store/jobs/due_reports.h"
#include "store/overview/answering.h"
#include "store/overview/overview.h"

namespace hilum {
namespace {

// Each of a study's jobs with what it is about; a condition may follow. What an image was sent again in place
// of counts no more.
#define HILUM_ANALYSES                                                                                  \
    "FROM job JOIN analysis ON analysis.id = subject JOIN instance ON instance.id = instance_id WHERE " \
    "job.study_id = study.id AND job.kind = 'analysis' AND instance.state = 'to_analyse'"
#define HILUM_REPORTS \
    "FROM job JOIN report ON report.id = subject WHERE job.study_id = study.id AND job.kind = 'report'"
#define HILUM_DELIVERIES                                                                                  \
    "FROM job JOIN delivery ON delivery.id = subject JOIN result ON result.id = result_id JOIN report ON" \
    " report.id = report_id WHERE job.study_id = study.id AND job.kind = 'delivery'"
// Of an analysis: somebody waits for it. Of a shadow's nothing is ever sent.
#define HILUM_OF_NO_SHADOW " AND analysis.model NOT IN (SELECT model FROM shadow_model)"
// Or somebody did: the model is a shadow since.
#define HILUM_OF_REPORTED                                                                              \
    " AND (analysis.model NOT IN (SELECT model FROM shadow_model) OR analysis.model IN (SELECT model " \
    "FROM report WHERE report.study_id = study.id))"
// Of a report or delivery: its results stand.
#define HILUM_OF_RESULTS " AND report.kind = 'results' AND withdrawn = 0"
// Of a delivery: it was given up, or that its destination keeps it.
#define HILUM_GIVEN_UP                                                                                       \
    " AND withdrawn = 0 AND (job.state = 'set_aside' OR EXISTS (SELECT 1 FROM job AS asked WHERE asked.lane" \
    " = 'commit/' || job.queue AND asked.subject = job.subject AND asked.word = 'expired'))"
// Of an analysis: it will never be made, and no other model was given the image in place of one that left.
#define HILUM_UNANALYSED                                                                                     \
    HILUM_OF_NO_SHADOW                                                                                       \
    " AND job.state = 'discarded' AND (job.error != " HILUM_MODEL_IS_GONE                                    \
    " OR NOT EXISTS (SELECT 1 FROM analysis AS other JOIN job AS its ON its.lane = 'analyse/' || "           \
    "other.model AND its.subject = other.id WHERE other.instance_id = analysis.instance_id AND other.model " \
    "!= analysis.model AND its.state != 'discarded' AND other.model NOT IN (SELECT model FROM "              \
    "shadow_model)))"
// Of a report or delivery of which `version` is the newest that tells: it will never arrive, and nothing
// newer takes its place. Of a shadow's report that nobody was sent a part of nobody lacks any.
#define HILUM_LOST(version)                                                                                 \
    " AND job.state = 'discarded' AND withdrawn = 0 AND ((report.kind != 'results' AND job.error != "       \
    "'" HILUM_NEWER_VERSION "') OR (report.kind = 'results' AND job.error != '" HILUM_NEXT_VERSION_TELLS    \
    "' AND NOT EXISTS (SELECT 1 "                                                                           \
    "FROM report AS newer WHERE newer.study_id = report.study_id AND newer.model = report.model AND "       \
    "newer.kind = 'results' AND newer.version > " version                                                   \
    ") AND (report.model NOT IN (SELECT model FROM shadow_model) OR EXISTS (SELECT 1 FROM result AS part "  \
    "JOIN delivery AS sent ON sent.result_id = part.id WHERE part.report_id = report.id AND sent.tried != " \
    "0))))"
#define HILUM_LOST_REPORT HILUM_LOST("report.version")
// A picture of an image that stayed as it was is told of again (delivery_order.h).
#define HILUM_LOST_DELIVERY HILUM_LOST("max(report.version, delivery.told_version)")

// One of study_states().
constexpr const char* state_of_study =
    "CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'"
    " WHEN (damage != '' AND due_at IS NULL) OR EXISTS (SELECT 1 " HILUM_ANALYSES HILUM_OF_NO_SHADOW
    " AND job.state = 'set_aside')"
    "  OR EXISTS (SELECT 1 " HILUM_REPORTS
    " AND withdrawn = 0 AND job.state = 'set_aside')"
    "  OR EXISTS (SELECT 1 " HILUM_DELIVERIES HILUM_GIVEN_UP
    ")"
    "  THEN 'failed'"
    " WHEN due_at IS NOT NULL OR EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.kind ="
    " 'report' AND job.state IN ('queued', 'running')) OR EXISTS (SELECT 1 " HILUM_ANALYSES HILUM_OF_NO_SHADOW
    " AND job.state IN ('queued', 'running')) THEN 'waiting'"
    " WHEN EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.kind = 'delivery' AND job.state"
    " IN ('queued', 'running')) THEN 'sending'"
    " WHEN EXISTS (SELECT 1 " HILUM_DELIVERIES HILUM_LOST_DELIVERY
    ") OR EXISTS (SELECT 1 " HILUM_REPORTS HILUM_LOST_REPORT
    ") OR EXISTS (SELECT 1 " HILUM_ANALYSES HILUM_UNANALYSED
    ") THEN 'discarded'"
    " WHEN EXISTS (SELECT 1 " HILUM_ANALYSES HILUM_OF_REPORTED
    " AND job.word = 'not_analysed') AND NOT EXISTS (SELECT 1 " HILUM_ANALYSES HILUM_OF_REPORTED
    " AND job.word = 'analysed') THEN 'not_analysed'"
    " WHEN EXISTS (SELECT 1 " HILUM_DELIVERIES HILUM_OF_RESULTS
    " AND job.word = 'delivered') THEN 'delivered'"
    " WHEN EXISTS (SELECT 1 " HILUM_REPORTS HILUM_OF_RESULTS
    " AND job.word = 'composed') THEN 'reported'"
    " WHEN EXISTS (SELECT 1 FROM report WHERE study_id = study.id AND withdrawn != 0) THEN 'withdrawn'"
    " WHEN EXISTS (SELECT 1 " HILUM_ANALYSES HILUM_OF_NO_SHADOW
    " AND job.state = 'discarded') THEN 'discarded'"
    " ELSE 'received' END";

// Why the last of what failed did; where nothing did, why what was discarded was.
#define HILUM_LAST_ERROR_OF(analyses, reports, deliveries)                                         \
    "(SELECT error FROM (SELECT job.error AS error, job.updated_at AS at " HILUM_ANALYSES analyses \
    " UNION ALL SELECT job.error, job.updated_at " HILUM_REPORTS reports                           \
    " UNION ALL SELECT job.error, job.updated_at " HILUM_DELIVERIES deliveries ") ORDER BY at DESC LIMIT 1)"
constexpr const char* error_of_study = "coalesce(nullif(damage, ''), " HILUM_LAST_ERROR_OF(
    HILUM_OF_NO_SHADOW " AND job.state = 'set_aside'", " AND withdrawn = 0 AND job.state = 'set_aside'",
    HILUM_GIVEN_UP) ", " HILUM_LAST_ERROR_OF(HILUM_UNANALYSED, HILUM_LOST_REPORT, HILUM_LOST_DELIVERY) ")";

constexpr const char* of_study =
    "study_instance_uid, accession_number, study_date, created_at, received_at, last_arrival_at, "
    "report_version,"
    " urgent_at, withdrawn_at,"
    " (SELECT count(DISTINCT sop_instance_uid) FROM instance WHERE study_id = study.id AND state !="
    "  'superseded') AS instances,"
    " (SELECT count(*) FROM instance WHERE study_id = study.id AND state = 'prior') AS priors,"
    " (SELECT group_concat(word || ':' || n) FROM (SELECT job.word AS word, count(*) AS n FROM job WHERE"
    "  job.study_id = study.id AND job.kind = 'analysis' GROUP BY job.word)) AS analyses,"
    // an outcome that is no JSON hides no other study
    " (SELECT group_concat(DISTINCT iif(json_valid(analysis.outcome), json_extract(analysis.outcome, "
    "'$.result.diagnosis'), NULL)) " HILUM_ANALYSES
    "  AND analysis.model IN (SELECT model FROM report WHERE report.study_id = study.id)) AS diagnoses,"
    // what a shadow model says is no finding of the node
    " coalesce((SELECT iif(json_valid(analysis.outcome), json_extract(analysis.outcome, "
    "'$.not_analysed.message'), NULL) " HILUM_ANALYSES HILUM_OF_REPORTED
    "  AND job.word = 'not_analysed' LIMIT 1),"
    "  (SELECT not_analysed FROM instance WHERE study_id = study.id AND state = 'prior' ORDER BY id DESC "
    "LIMIT 1))"
    "  AS not_analysed,"
    " (SELECT count(*) FROM job WHERE job.study_id = study.id AND job.word = 'delivered') AS delivered,"
    " (SELECT json_group_array(json_object('name', queue, 'delivered', delivered, 'waiting', waiting, "
    "'failed', failed, 'discarded', discarded)) FROM (SELECT job.queue AS queue, sum(job.word = 'delivered') "
    "AS delivered, sum(job.state IN ('queued', 'running')) AS waiting, sum(job.state = 'set_aside') AS "
    "failed, sum(true" HILUM_LOST_DELIVERY ") AS discarded " HILUM_DELIVERIES
    "  GROUP BY job.queue HAVING delivered + waiting + failed + discarded > 0 ORDER BY job.queue)) AS "
    "destinations";
#undef HILUM_ANALYSES
#undef HILUM_REPORTS
#undef HILUM_DELIVERIES
#undef HILUM_OF_NO_SHADOW
#undef HILUM_OF_REPORTED
#undef HILUM_OF_RESULTS
#undef HILUM_GIVEN_UP
#undef HILUM_UNANALYSED
#undef HILUM_LOST
#undef HILUM_LOST_REPORT
#undef HILUM_LOST_DELIVERY
#undef HILUM_LAST_ERROR_OF

// The studies that alone can be in a state, each found by an index; state_of_study judges them. Empty: any
// may be.
std::string candidates_for(const std::string& state) {
    if (state == "withdrawn")
        return "SELECT id FROM study WHERE withdrawn_at IS NOT NULL UNION ALL SELECT study_id FROM report "
               "WHERE withdrawn != 0";
    if (state == "failed")
        return "SELECT id FROM study WHERE damage != '' UNION ALL SELECT study_id FROM job WHERE state = "
               "'set_aside'";
    if (state == "waiting")
        return "SELECT id FROM study WHERE due_at IS NOT NULL UNION ALL SELECT study_id FROM job WHERE state "
               "IN ('queued', 'running') AND kind IN ('report', 'analysis')";
    if (state == "sending")
        return "SELECT study_id FROM job WHERE state IN ('queued', 'running') AND kind = 'delivery'";
    if (state == "discarded") return "SELECT study_id FROM job WHERE state = 'discarded'";
    if (state == "not_analysed") return "SELECT study_id FROM job WHERE outcome = 'not_analysed'";
    return "";
}

// `+`: in the order of the list, so that it ends with enough of them.
std::string in_state(const StudyFilter& filter) {
    const auto judged = std::string(" AND ") + state_of_study + " = ?4";
    const bool few =
        !filter.patient_id.empty() || !filter.accession_number.empty() || !filter.study_instance_uid.empty();
    const auto candidates = few ? "" : candidates_for(filter.state);
    return candidates.empty() ? judged : " AND +study.id IN (" + candidates + ")" + judged;
}

// ?1 patient, ?2 accession number, ?3 study, ?4 state, ?5 since, ?6 limit.
std::string list_of_studies(const StudyFilter& filter) {
    std::string sql = std::string("SELECT ") + of_study + ", " + error_of_study + " AS error, " +
                      state_of_study + " AS state FROM study WHERE true";
    if (!filter.patient_id.empty()) sql += " AND patient_id = ?1";
    if (!filter.accession_number.empty()) sql += " AND accession_number = ?2";
    if (!filter.study_instance_uid.empty()) sql += " AND study_instance_uid = ?3";
    if (!filter.state.empty()) sql += in_state(filter);
    if (filter.since != 0) sql += " AND received_at >= ?5";
    return sql + " ORDER BY received_at DESC, study.id DESC LIMIT ?6";
}

}  // namespace

Result<nlohmann::json> Overview::studies(const StudyFilter& filter) {
    return answered(*database_, [&](Transaction& transaction) {
        auto rows =
            sql::select(transaction, list_of_studies(filter), filter.patient_id, filter.accession_number,
                        filter.study_instance_uid, filter.state, filter.since, filter.limit);
        for (auto& row : rows)
            row["destinations"] = nlohmann::json::parse(row["destinations"].get_ref<const std::string&>());
        times_to_text(rows);
        return rows;
    });
}

}  // namespace hilum
