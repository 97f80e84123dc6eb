#include "store/jobs/orders.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "store/audit/audit_event.h"
#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/delivery_order.h"
#include "store/jobs/shadow_results.h"
#include "store/jobs/study_named.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

// The condition that a selection puts on a job joined with its study; its three parameters are its number (0:
// by study), StudyInstanceUID and accession number.
#define HILUM_SELECTED " AND ((?1 != 0 AND subject = ?1) OR (?1 = 0 AND " HILUM_STUDY_NAMED("?2", "?3") "))"
// Somebody of this node serves its queue.
#define HILUM_SERVED(lanes) " AND (" lanes " = '[]' OR job.lane IN (SELECT value FROM json_each(" lanes ")))"

// With each the study of which a report tells of it; 0: none does.
constexpr const char* analyses_to_retry =
    "SELECT job.id, iif(model IN (SELECT value FROM json_each(?6)), 0, job.study_id) FROM job JOIN study ON "
    "study.id = job.study_id JOIN analysis ON analysis.id = subject"
    " JOIN instance ON instance.id = instance_id WHERE kind = 'analysis' AND instance.state = 'to_analyse'"
    " AND instance.removed_at IS NULL"
    " AND (word = 'quarantined' OR (?1 != 0 AND word IN ('not_analysed', 'analysed', 'discarded'))"
    " OR (word = 'queued' AND due > ?5))" HILUM_SELECTED HILUM_SERVED("?4");
// What takes results back is made for those who have them, whatever was reported since.
constexpr const char* reports_to_retry =
    "SELECT job.id, subject FROM job JOIN study ON study.id = job.study_id JOIN report ON report.id = subject"
    " WHERE job.kind = 'report' AND report.withdrawn = 0 AND study.removed_at IS NULL AND word IN ('queued', "
    "'quarantined', 'discarded')"
    " AND (report.kind = 'withdrawal' OR report.composed_anew > 0 OR NOT EXISTS (SELECT 1 FROM report AS"
    " newer WHERE newer.study_id = report.study_id AND newer.model = report.model AND newer.version > "
    "report.version))"
    " AND (report.composed_anew > 0 OR NOT" HILUM_OF_SHADOW("?5") ")" HILUM_SELECTED HILUM_SERVED("?4");
// Where a newer version is, an older one goes again only as what it still waits to be.
constexpr const char* deliveries_to_retry =
    "SELECT job.id, subject FROM job JOIN study ON study.id = job.study_id JOIN delivery ON delivery.id ="
    " subject JOIN result ON result.id = result_id JOIN report ON report.id = report_id WHERE job.kind ="
    " 'delivery' AND withdrawn = 0 AND (result.removed_at IS NULL OR on_demand = 1) AND (word IN ('queued', "
    "'refused', 'expired') OR (?1 != 0"
    " AND word IN ('delivered', 'discarded'))) AND (word = 'queued' OR"
    " NOT" HILUM_IS_OF_THE_PAST
    ") AND (tried != 0 OR NOT" HILUM_OF_SHADOW("?5") ")" HILUM_SELECTED HILUM_SERVED("?4");
// Of destinations that are asked: at a start none is left of others (take_up_commitments).
constexpr const char* commitments_to_retry =
    "SELECT job.id, subject FROM job JOIN study ON study.id = job.study_id WHERE kind = 'commitment' AND "
    "state ="
    " 'set_aside'" HILUM_SELECTED;
// ?1 the study, ?2 its accession number, ?3 the destination; empty: all.
constexpr const char* deliveries_to_resend =
    "SELECT job.id, subject FROM job JOIN study ON study.id = job.study_id JOIN delivery ON delivery.id ="
    " subject JOIN result ON result.id = result_id JOIN report ON report.id = report_id WHERE job.kind ="
    " 'delivery' AND word != 'running' AND (result.removed_at IS NULL OR on_demand = 1) AND (?3 = '' OR "
    "destination = ?3) AND "
    "withdrawn = 0"
    " AND " HILUM_STUDY_NAMED("?1", "?2") " AND"
    " NOT" HILUM_IS_OF_THE_PAST "AND (tried != 0 OR NOT" HILUM_OF_SHADOW("?5") ")" HILUM_SERVED("?4");
// Likewise. Of the newest report nothing is left to send, and of the study all that it tells of is there.
constexpr const char* analyses_to_resend =
    "SELECT job.id, job.study_id FROM job JOIN study ON study.id = job.study_id JOIN analysis ON analysis.id "
    "="
    " subject JOIN instance ON instance.id = instance_id WHERE job.kind = 'analysis' AND instance.state ="
    " 'to_analyse' AND word IN ('analysed', 'not_analysed') AND due_at IS NULL AND NOT EXISTS (SELECT 1"
    " FROM job AS composing WHERE composing.study_id = study.id AND composing.kind = 'report' AND"
    " composing.state IN ('queued', 'running')) AND " HILUM_STUDY_NAMED("?1", "?2") " AND NOT EXISTS (SELECT 1 FROM"
    " instance AS gone WHERE gone.study_id = study.id AND gone.state = 'to_analyse' AND (gone.removed_at IS"
    " NOT NULL OR gone.damaged_at IS NOT NULL)) AND EXISTS (SELECT 1 FROM report JOIN result ON report_id ="
    " report.id JOIN delivery ON result_id = result.id WHERE report.study_id = study.id AND report.model ="
    " analysis.model AND report.kind = 'results' AND withdrawn = 0 AND (?3 = '' OR destination = ?3) AND NOT"
    " EXISTS (SELECT 1 FROM result AS there WHERE there.report_id = report.id AND (there.removed_at IS NULL"
    " OR there.on_demand != 0)) AND NOT" HILUM_IS_OF_THE_PAST
    "AND NOT" HILUM_OF_SHADOW("?5") ")" HILUM_SERVED("?4");
// Why what an operator asks for is left alone; ?4: the lanes, ?5: the kind, empty: all.
constexpr const char* not_served =
    "SELECT job.kind, queue FROM job JOIN study ON study.id = job.study_id WHERE ?5 IN ('', job.kind) AND"
    " job.kind IN ('analysis', 'delivery') AND (?1 != 0 OR word IN ('quarantined', 'refused', 'expired')) AND"
    " NOT (1" HILUM_SERVED("?4") ")" HILUM_SELECTED " LIMIT 1";
constexpr const char* of_older_versions =
    "SELECT 1 FROM job JOIN study ON study.id = job.study_id JOIN delivery ON delivery.id = subject JOIN"
    " result ON result.id = result_id JOIN report ON report.id = report_id WHERE job.kind = 'delivery' AND"
    " ?4 IN ('', job.kind) AND withdrawn = 0 AND" HILUM_IS_OF_THE_PAST HILUM_SELECTED " LIMIT 1";
constexpr const char* of_shadows =
    "SELECT report.model FROM job JOIN study ON study.id = job.study_id LEFT JOIN delivery ON job.kind ="
    " 'delivery' AND delivery.id = subject LEFT JOIN result ON result.id = result_id JOIN report ON "
    "report.id ="
    " iif(job.kind = 'report', subject, result.report_id) WHERE job.kind IN ('report', 'delivery') AND ?4 IN "
    "('',"
    " job.kind) AND withdrawn = 0 AND coalesce(tried, 0) = 0 AND" HILUM_OF_SHADOW("?5") HILUM_SELECTED
    " LIMIT 1";
constexpr const char* to_discard =
    "UPDATE job SET state = 'discarded', outcome = '', updated_at = ?4 WHERE id IN (SELECT job.id FROM job"
    " JOIN study ON study.id = job.study_id WHERE kind = ?5 AND (state = 'set_aside' OR (state = 'queued' AND"
    " kind != 'commitment'))" HILUM_SELECTED ") RETURNING subject";
#undef HILUM_SELECTED
#undef HILUM_SERVED

struct Selected {
    std::int64_t job, subject;
};

template <typename... Args>
std::vector<Selected> selected(Transaction& transaction, const char* sql, const Args&... args) {
    std::vector<Selected> all;
    sql::each(
        transaction, sql,
        [&](const sql::Row& row) {
            all.push_back({row.int64(0), row.int64(1)});
        },
        args...);
    return all;
}

// Of a kind, where the order is about that or about studies; ?1 to ?3 of the query say which.
template <typename... More>
std::vector<Selected> selected_of(Transaction& transaction, const JobSelection& selection, const char* kind,
                                  const char* sql, const More&... more) {
    const bool by_study = selection.kind.empty();
    if (!by_study && selection.kind != kind) return {};
    return selected(transaction, sql, by_study ? std::int64_t{0} : selection.id, selection.study_instance_uid,
                    selection.accession_number, more...);
}

// `study`: that is reported of it once it is analysed; 0: none is.
void analyse_anew(Transaction& transaction, std::int64_t job, std::int64_t study) {
    queue_again(transaction, job, LastError::forgotten);
    if (study != 0)
        sql::execute(
            transaction,
            "UPDATE study SET due_at = ?1, first_pending_at = coalesce(first_pending_at, ?1) WHERE id = ?2",
            transaction.at(), study);
}

// What was withdrawn is reported again only where somebody named what he wants told.
int retry_analyses(Transaction& transaction, const JobSelection& selection, const std::string& lanes,
                   const std::string& shadows) {
    const auto analyses =
        selected_of(transaction, selection, "analysis", analyses_to_retry, lanes, transaction.at(), shadows);
    for (const auto& [job, study] : analyses) {
        analyse_anew(transaction, job, study);
        if (study != 0 && names_one(selection))
            sql::execute(transaction, "UPDATE study SET withdrawn_at = NULL WHERE id = ?", study);
    }
    return static_cast<int>(analyses.size());
}

void audit_operator(Transaction& transaction, const char* type, const JobSelection& selection,
                    const std::string& actor, int changed) {
    audit::AuditEvent event;
    event.type = type;
    event.outcome = changed > 0 ? "success" : "failure";
    event.actor = actor;
    event.study_instance_uid = selection.study_instance_uid;
    event.detail = {{"kind", selection.kind},
                    {"id", selection.id},
                    {"accession_number", selection.accession_number},
                    {"jobs", changed}};
    transaction.append_audit(event);
}

}  // namespace

bool names_one(const JobSelection& selection) {
    return !selection.kind.empty() && selection.id != 0;
}

int retry_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor,
               int priors) {
    const auto lanes = nlohmann::json(selection.lanes).dump();
    const auto shadows = nlohmann::json(selection.shadow_models).dump();
    int changed = priors + retry_analyses(transaction, selection, lanes, shadows);
    const auto reports = selected_of(transaction, selection, "report", reports_to_retry, lanes, shadows);
    for (const auto& report : reports) queue_again(transaction, report.job, LastError::forgotten);
    const auto deliveries =
        selected_of(transaction, selection, "delivery", deliveries_to_retry, lanes, shadows);
    for (const auto& delivery : deliveries)
        deliver_afresh(transaction, delivery.job, delivery.subject, LastError::stays);
    // Of what is sent again, whether it is kept is asked after that.
    const auto commitments = selected_of(transaction, selection, "commitment", commitments_to_retry);
    for (const auto& commitment : commitments) want_commitment(transaction, commitment.subject);
    changed += static_cast<int>(reports.size() + deliveries.size() + commitments.size());
    audit_operator(transaction, "jobs_retried", selection, actor, changed);
    return changed;
}

std::string words_for_unfit(Transaction& transaction, const JobSelection& selection) {
    std::string words;
    const auto id = selection.kind.empty() ? std::int64_t{0} : selection.id;
    sql::each(
        transaction, not_served,
        [&](const sql::Row& row) {
            words = fmt::format("no {} named '{}' is configured any more: nobody would do it",
                                row.text(0) == "analysis" ? "model" : "destination", row.text(1));
        },
        id, selection.study_instance_uid, selection.accession_number, nlohmann::json(selection.lanes).dump(),
        selection.kind);
    if (!words.empty()) return words;
    sql::each(
        transaction, of_older_versions,
        [&](const sql::Row&) {
            words = "a newer version of the report is for that destination: `hilum results resend` sends it";
        },
        id, selection.study_instance_uid, selection.accession_number, selection.kind);
    if (!words.empty()) return words;
    sql::each(
        transaction, of_shadows,
        [&](const sql::Row& row) {
            words =
                fmt::format("the model '{}' is a shadow: nothing that it makes leaves the node", row.text(0));
        },
        id, selection.study_instance_uid, selection.accession_number, selection.kind,
        nlohmann::json(selection.shadow_models).dump());
    return words;
}

int resend_results(Transaction& transaction, const ResultSelection& selection, const std::string& actor) {
    const auto deliveries =
        selected(transaction, deliveries_to_resend, selection.study_instance_uid, selection.accession_number,
                 selection.destination, nlohmann::json(selection.lanes).dump(),
                 nlohmann::json(selection.shadow_models).dump());
    for (const auto& delivery : deliveries)
        deliver_afresh(transaction, delivery.job, delivery.subject, LastError::forgotten);
    const int changed = static_cast<int>(deliveries.size());
    audit::AuditEvent event;
    event.type = "results_resent";
    event.outcome = changed > 0 ? "success" : "failure";
    event.actor = actor;
    event.study_instance_uid = selection.study_instance_uid;
    event.detail = {{"accession_number", selection.accession_number},
                    {"destination", selection.destination},
                    {"deliveries", changed}};
    transaction.append_audit(event);
    return changed;
}

int analyse_to_resend(Transaction& transaction, const ResultSelection& selection, const std::string& actor) {
    const auto analyses =
        selected(transaction, analyses_to_resend, selection.study_instance_uid, selection.accession_number,
                 selection.destination, nlohmann::json(selection.lanes).dump(),
                 nlohmann::json(selection.shadow_models).dump());
    if (analyses.empty()) return 0;
    for (const auto& [job, study] : analyses) analyse_anew(transaction, job, study);
    const int changed = static_cast<int>(analyses.size());
    audit_operator(transaction, "jobs_retried",
                   {"analysis", 0, selection.study_instance_uid, selection.accession_number}, actor, changed);
    return changed;
}

int discard_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor) {
    const bool by_study = selection.kind.empty();
    int changed = 0;
    for (const std::string kind : {"analysis", "report", "delivery", "commitment"}) {
        if (!by_study && selection.kind != kind) continue;
        std::vector<std::int64_t> discarded;
        sql::each(
            transaction, to_discard, [&](const sql::Row& row) { discarded.push_back(row.int64(0)); },
            by_study ? std::int64_t{0} : selection.id, selection.study_instance_uid,
            selection.accession_number, transaction.at(), kind);
        changed += static_cast<int>(discarded.size());
        if (kind == "delivery")
            for (const auto delivery : discarded)
                note_delivery(transaction, delivery, DeliveryFact::discarded);
    }
    audit_operator(transaction, "jobs_discarded", selection, actor, changed);
    return changed;
}

}  // namespace hilum
