#include <nlohmann/json.hpp>
// Overview: studies, each with all that became of it.
#include "store/database/json_rows.h"
#include "store/overview/answering.h"
#include "store/overview/overview.h"

namespace hilum {
namespace {

// Each of a study's jobs with what it is about; a condition may follow.
#define HILUM_ANALYSES                                                                                  \
    "FROM job JOIN analysis ON analysis.id = subject JOIN instance ON instance.id = instance_id WHERE " \
    "job.study_id = study.id AND job.kind = 'analysis'"
#define HILUM_REPORTS \
    "FROM job JOIN report ON report.id = subject WHERE job.study_id = study.id AND job.kind = 'report'"
#define HILUM_DELIVERIES                                                                                  \
    "FROM job JOIN delivery ON delivery.id = subject JOIN result ON result.id = result_id JOIN report ON" \
    " report.id = report_id WHERE job.study_id = study.id AND job.kind = 'delivery'"
// Of a delivery: it was given up, or that its destination keeps it.
#define HILUM_GIVEN_UP                                                                                       \
    " AND withdrawn = 0 AND (job.state = 'set_aside' OR EXISTS (SELECT 1 FROM job AS asked WHERE asked.lane" \
    " = 'commit/' || job.queue AND asked.subject = job.subject AND asked.word = 'expired'))"

// One of study_states().
constexpr const char* state_of_study =
    "CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'"
    " WHEN EXISTS (SELECT 1 " HILUM_ANALYSES
    " AND job.state = 'set_aside')"
    "  OR EXISTS (SELECT 1 " HILUM_REPORTS
    " AND withdrawn = 0 AND job.state = 'set_aside')"
    "  OR EXISTS (SELECT 1 " HILUM_DELIVERIES HILUM_GIVEN_UP
    ")"
    "  THEN 'failed'"
    " WHEN due_at IS NOT NULL OR EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.kind IN"
    " ('analysis', 'report') AND job.state IN ('queued', 'running')) THEN 'waiting'"
    " WHEN EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.kind = 'delivery' AND job.state"
    " IN ('queued', 'running')) THEN 'sending'"
    " WHEN EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.word = 'not_analysed') AND NOT"
    " EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.word = 'analysed') THEN 'not_analysed'"
    " WHEN EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.word = 'delivered') THEN"
    " 'delivered'"
    " WHEN EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.word = 'composed') THEN 'reported'"
    " ELSE 'received' END";

constexpr const char* of_study =
    "study_instance_uid, accession_number, study_date, created_at, received_at, last_arrival_at, "
    "report_version,"
    " urgent_at, withdrawn_at,"
    " (SELECT count(*) FROM instance WHERE study_id = study.id) AS instances,"
    " (SELECT count(*) FROM instance WHERE study_id = study.id AND state = 'prior') AS priors,"
    " (SELECT group_concat(word || ':' || n) FROM (SELECT job.word AS word, count(*) AS n FROM job WHERE"
    "  job.study_id = study.id AND job.kind = 'analysis' GROUP BY job.word)) AS analyses,"
    " (SELECT group_concat(DISTINCT json_extract(analysis.outcome, '$.result.diagnosis')) " HILUM_ANALYSES
    "  AND instance.state = 'to_analyse' AND analysis.model IN (SELECT model FROM report WHERE "
    "report.study_id ="
    "  study.id)) AS diagnoses,"  // what a shadow model says is no finding of the node
    " coalesce((SELECT json_extract(analysis.outcome, '$.not_analysed.message') " HILUM_ANALYSES
    "  AND instance.state = 'to_analyse' AND job.word = 'not_analysed' LIMIT 1),"
    "  (SELECT not_analysed FROM instance WHERE study_id = study.id AND state = 'prior' ORDER BY id DESC "
    "LIMIT 1))"
    "  AS not_analysed,"
    " (SELECT error FROM (SELECT job.error AS error, job.updated_at AS at " HILUM_ANALYSES
    "   AND job.state = 'set_aside' UNION ALL SELECT job.error, job.updated_at " HILUM_REPORTS
    "   AND withdrawn = 0 AND job.state = 'set_aside' UNION ALL SELECT job.error, "
    "job.updated_at " HILUM_DELIVERIES HILUM_GIVEN_UP
    ") ORDER BY at DESC LIMIT 1) AS error,"
    " (SELECT count(*) FROM job WHERE job.study_id = study.id AND job.word = 'delivered') AS delivered,"
    " (SELECT json_group_array(json_object('name', queue, 'delivered', delivered, 'waiting', waiting, "
    "'failed',"
    "  failed)) FROM (SELECT job.queue AS queue, sum(job.word = 'delivered') AS delivered,"
    "  sum(job.state IN ('queued', 'running')) AS waiting, sum(job.state = 'set_aside') AS failed FROM job"
    "  WHERE job.study_id = study.id AND job.kind = 'delivery' AND job.state != 'discarded' GROUP BY"
    "  job.queue ORDER BY job.queue)) AS destinations";
#undef HILUM_ANALYSES
#undef HILUM_REPORTS
#undef HILUM_DELIVERIES
#undef HILUM_GIVEN_UP

// ?1 patient, ?2 accession number, ?3 study, ?4 state, ?5 since, ?6 limit.
std::string list_of_studies(const StudyFilter& filter) {
    std::string sql =
        std::string("SELECT ") + of_study + ", " + state_of_study + " AS state FROM study WHERE true";
    if (!filter.patient_id.empty()) sql += " AND patient_id = ?1";
    if (!filter.accession_number.empty()) sql += " AND accession_number = ?2";
    if (!filter.study_instance_uid.empty()) sql += " AND study_instance_uid = ?3";
    if (!filter.state.empty()) sql += std::string(" AND ") + state_of_study + " = ?4";
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
