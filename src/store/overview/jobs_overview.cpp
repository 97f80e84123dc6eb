// Overview: jobs, whatever their kind.
#include <array>
#include <string_view>

#include "store/audit/audit_rows.h"
#include "store/database/json_rows.h"
#include "store/database/sql.h"
#include "store/overview/answering.h"
#include "store/overview/overview.h"

namespace hilum {
namespace {

// How the jobs of one kind are read: SQL expressions over its table, which goes by the kind's name.
struct JobKind {
    const char* kind;
    const char* table;
    const char* state;
    const char* columns;
    const char* attempts;
    const char* due;
    const char* error;
    const char* created;
    const char* updated;
    const char* joins;
    const char* only;  // the rows that are jobs of this kind
};

#define HILUM_JOB_COLUMNS(kind) \
    kind ".attempts", kind ".next_attempt_at", kind ".error", kind ".created_at", kind ".updated_at"
constexpr std::array<JobKind, 5> kinds{{
    {"analysis", "analysis", "analysis.state",
     "sop_instance_uid, frame, model, NULL AS destination, NULL AS commitment", HILUM_JOB_COLUMNS("analysis"),
     " JOIN instance ON instance.id = instance_id JOIN study ON study.id = study_id", "true"},
    {"report", "report", "report.state",
     "NULL AS sop_instance_uid, NULL AS frame, model, NULL AS destination, NULL AS commitment",
     HILUM_JOB_COLUMNS("report"), " JOIN study ON study.id = study_id", "true"},
    {"delivery", "delivery", "delivery.state",
     "sop_instance_uid, NULL AS frame, NULL AS model, destination, commitment", HILUM_JOB_COLUMNS("delivery"),
     " JOIN result ON result.id = result_id JOIN report ON report.id = report_id JOIN study ON study.id ="
     " report.study_id",
     "true"},
    // An image that is kept and was never to be analysed.
    {"instance", "instance", "instance.state",
     "sop_instance_uid, NULL AS frame, NULL AS model, NULL AS destination, NULL AS commitment", "0", "NULL",
     "'received, not analysed: ' || not_analysed", "instance.received_at", "instance.received_at",
     " JOIN study ON study.id = study_id", "instance.state = 'prior'"},
    // An object that was not taken.
    {"receipt", "refused_instance", "'refused'",
     "sop_instance_uid, NULL AS frame, NULL AS model, NULL AS destination, NULL AS commitment", "times",
     "NULL", "printf('refused on receipt: %04X from %s (%s): %s', dimse_status, calling_ae, peer, error)",
     "last_at", "last_at", "", "true"},
}};
#undef HILUM_JOB_COLUMNS

// `rows` stands for the table itself or for those of its rows that can matter.
std::string select_jobs(const JobKind& kind, const std::string& rows) {
    const std::string job = kind.kind;
    return "SELECT '" + job + "' AS kind, " + job + ".id AS id, " + kind.state +
           " AS state, study_instance_uid, accession_number, " + kind.columns + ", " + kind.attempts +
           " AS attempts, " + kind.due + " AS next_attempt_at, " + kind.error + " AS error, " + kind.created +
           " AS created_at, " + kind.updated + " AS updated_at FROM " + rows + " AS " + job + kind.joins;
}

// A site may have many priors: they are told where they are asked for.
bool is_asked_for(const JobKind& kind, const JobFilter& filter) {
    return std::string_view(kind.kind) != "instance" || filter.state == "prior" ||
           !filter.accession_number.empty() || !filter.study_instance_uid.empty();
}

// Newest first, at most ?4: each kind's newest, and of those the newest. ?1 accession number, ?2 study, ?3
// state.
std::string list_of_jobs(const JobFilter& filter) {
    std::string of_study;
    if (!filter.accession_number.empty()) of_study += " AND accession_number = ?1";
    if (!filter.study_instance_uid.empty()) of_study += " AND study_instance_uid = ?2";
    std::string all;
    for (const auto& kind : kinds) {
        if (!is_asked_for(kind, filter)) continue;
        const std::string job = kind.kind;
        const std::string which = std::string(" WHERE ") + kind.only +
                                  (filter.state.empty() ? "" : std::string(" AND ") + kind.state + " = ?3");
        const std::string newest =
            std::string(" ORDER BY ") + kind.created + " DESC, " + job + ".id DESC LIMIT ?4)";
        all += all.empty() ? "SELECT * FROM (" : " UNION ALL SELECT * FROM (";
        // All jobs: the newest are found before the rest of their columns is looked up.
        all += of_study.empty() ? select_jobs(kind, std::string("(SELECT * FROM ") + kind.table + " AS " +
                                                        job + which + newest) +
                                      ")"
                                : select_jobs(kind, kind.table) + which + of_study + newest;
    }
    return all + " ORDER BY created_at DESC, id DESC LIMIT ?4";
}

const JobKind* kind_named(std::string_view name) {
    for (const auto& kind : kinds)
        if (kind.kind == name) return &kind;
    return nullptr;
}

}  // namespace

Result<nlohmann::json> Overview::jobs(const JobFilter& filter) {
    return answered(*database_, [&](Transaction& transaction) {
        auto rows = sql::select(transaction, list_of_jobs(filter), filter.accession_number,
                                filter.study_instance_uid, filter.state, filter.limit);
        times_to_text(rows);
        return rows;
    });
}

Result<nlohmann::json> Overview::job(const std::string& kind, std::int64_t id) {
    const auto* known = kind_named(kind);
    if (known == nullptr)
        return fail("bad_request", "'{}' is no kind of job: analysis, report, delivery, instance, receipt",
                    kind);
    auto found = answered(*database_, [&](Transaction& transaction) {
        auto rows = sql::select(
            transaction,
            select_jobs(*known, known->table) + " WHERE " + known->only + " AND " + kind + ".id = ?1", id);
        times_to_text(rows);
        if (rows.empty()) return nlohmann::json();
        auto job = rows.front();
        auto& events = job["events"] = nlohmann::json::array();
        const auto instance =
            job["sop_instance_uid"].is_string() ? job["sop_instance_uid"].get<std::string>() : "";
        sql::each(
            transaction,
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail"
            " FROM audit_event WHERE study_instance_uid = ?1 AND (?2 = '' OR sop_instance_uid = ?2) ORDER BY "
            "id LIMIT 200",
            [&](const sql::Row& row) { events.push_back(audit::to_json(audit_event_of(row))); },
            job["study_instance_uid"].get<std::string>(), instance);
        if (kind == "analysis")
            sql::each(
                transaction, "SELECT coalesce(outcome, 'null') FROM analysis WHERE id = ?",
                [&](const sql::Row& row) { job["outcome"] = nlohmann::json::parse(row.text(0)); }, id);
        return job;
    });
    if (found && found->is_null())
        return fail("not_found", "there is no {} job {}; `hilum jobs list` shows what there is", kind, id);
    return found;
}

}  // namespace hilum
