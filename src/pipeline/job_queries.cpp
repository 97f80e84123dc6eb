// DatabaseReader: jobs, whatever their kind.
#include <array>
#include <string_view>

#include "pipeline/audit_rows.h"
#include "pipeline/database.h"
#include "pipeline/queries.h"
#include "pipeline/query_answers.h"

namespace hilum {
namespace {

// How the jobs of one kind are read. `rows` stands for the table itself or for those of its rows that can
// matter.
struct JobKind {
    const char* kind;
    const char* columns;
    const char* joins;
};

constexpr std::array<JobKind, 3> kinds{{
    {"analysis", "sop_instance_uid, frame, model, NULL AS destination, NULL AS commitment",
     " JOIN instance ON instance.id = instance_id JOIN study ON study.id = study_id"},
    {"report", "NULL AS sop_instance_uid, NULL AS frame, model, NULL AS destination, NULL AS commitment",
     " JOIN study ON study.id = study_id"},
    {"delivery", "sop_instance_uid, NULL AS frame, NULL AS model, destination, commitment",
     " JOIN result ON result.id = result_id JOIN report ON report.id = report_id JOIN study ON study.id ="
     " report.study_id"},
}};

std::string select_jobs(const JobKind& kind, const std::string& rows) {
    const std::string job = kind.kind;
    std::string own;
    for (const char* column : {"attempts", "next_attempt_at", "error", "created_at", "updated_at"})
        own += ", " + job + "." + column + " AS " + column;
    return "SELECT '" + job + "' AS kind, " + job + ".id AS id, " + job +
           ".state AS state, study_instance_uid, accession_number, " + kind.columns + own + " FROM " + rows +
           kind.joins;
}

// Newest first, at most ?4: each kind's newest, and of those the newest. ?1 accession number, ?2 study, ?3
// state.
std::string list_of_jobs(const JobFilter& filter) {
    std::string of_study;
    if (!filter.accession_number.empty()) of_study += " AND accession_number = ?1";
    if (!filter.study_instance_uid.empty()) of_study += " AND study_instance_uid = ?2";
    std::string all;
    for (const auto& kind : kinds) {
        const std::string job = kind.kind;
        const std::string in_state = filter.state.empty() ? "" : " AND " + job + ".state = ?3";
        const std::string newest = " ORDER BY created_at DESC, id DESC LIMIT ?4)";
        all += all.empty() ? "SELECT * FROM (" : " UNION ALL SELECT * FROM (";
        // All jobs: the newest are found before the rest of their columns is looked up.
        all += of_study.empty() ? select_jobs(kind, "(SELECT * FROM " + job + " WHERE true" + in_state +
                                                        newest + " AS " + job) +
                                      ")"
                                : select_jobs(kind, job) + " WHERE true" + of_study + in_state + newest;
    }
    return all + " ORDER BY created_at DESC, id DESC LIMIT ?4";
}

const JobKind* kind_named(std::string_view name) {
    for (const auto& kind : kinds)
        if (kind.kind == name) return &kind;
    return nullptr;
}

}  // namespace

Result<nlohmann::json> DatabaseReader::jobs(const JobFilter& filter) {
    return answered([&] {
        auto rows = database_->select(kept(list_of_jobs(filter)), filter.accession_number,
                                      filter.study_instance_uid, filter.state, filter.limit);
        times_to_text(rows);
        return rows;
    });
}

Result<nlohmann::json> DatabaseReader::job(const std::string& kind, std::int64_t id) {
    const auto* known = kind_named(kind);
    if (known == nullptr)
        return fail("bad_request", "'{}' is no kind of job: analysis, report, delivery", kind);
    auto found = answered([&] {
        auto rows = database_->select(kept(select_jobs(*known, kind) + " WHERE " + kind + ".id = ?1"), id);
        times_to_text(rows);
        if (rows.empty()) return nlohmann::json();
        auto job = rows.front();
        auto& events = job["events"] = nlohmann::json::array();
        const auto instance =
            job["sop_instance_uid"].is_string() ? job["sop_instance_uid"].get<std::string>() : "";
        database_->each(
            "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail"
            " FROM audit_event WHERE study_instance_uid = ?1 AND (?2 = '' OR sop_instance_uid = ?2) ORDER BY "
            "id LIMIT 200",
            [&](SQLite::Statement& row) { events.push_back(audit::to_json(audit_event_of(row))); },
            job["study_instance_uid"].get<std::string>(), instance);
        if (kind == "analysis")
            database_->each(
                "SELECT coalesce(outcome, 'null') FROM analysis WHERE id = ?",
                [&](SQLite::Statement& row) {
                    job["outcome"] = nlohmann::json::parse(row.getColumn(0).getString());
                },
                id);
        return job;
    });
    if (found && found->is_null())
        return fail("not_found", "there is no {} job {}; `hilum jobs list` shows what there is", kind, id);
    return found;
}

}  // namespace hilum
