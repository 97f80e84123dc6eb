// Overview: jobs, whatever their kind.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "store/audit/audit_rows.h"
#include "store/database/json_rows.h"
#include "store/database/sql.h"
#include "store/jobs/states.h"
#include "store/overview/answering.h"
#include "store/overview/overview.h"

namespace hilum {
namespace {

// Where jobs are read from: SQL expressions over its table, which goes by its own name.
struct Source {
    const char* name;  // of its table
    const char* kind;  // 'of its jobs'
    const char* id;
    const char* state;
    const char* columns;
    const char* attempts;
    const char* due;
    const char* error;
    const char* created;
    const char* updated;
    const char* joins;
    const char* only;     // the rows that are jobs
    const char* of_kind;  // of the kind ?2
};

constexpr std::array<Source, 3> sources{{
    // Of commitments, those that were given up: they are asked for as long as a result is waited for.
    {"job", "job.kind", "job.subject", "job.word",
     "coalesce(instance.sop_instance_uid, result.sop_instance_uid) AS sop_instance_uid, frame,"
     " coalesce(analysis.model, report.model) AS model, destination,"
     " iif(job.kind = 'delivery', coalesce(asked.outcome, ''), NULL) AS commitment",
     "job.attempt", "job.due", "iif(job.kind = 'commitment', sent.error, job.error)", "job.created_at",
     "job.updated_at",
     " JOIN study ON study.id = job.study_id"
     " LEFT JOIN analysis ON job.kind = 'analysis' AND analysis.id = job.subject"
     " LEFT JOIN instance ON instance.id = instance_id"
     " LEFT JOIN report ON job.kind = 'report' AND report.id = job.subject"
     " LEFT JOIN delivery ON job.kind IN ('delivery', 'commitment') AND delivery.id = job.subject"
     " LEFT JOIN result ON result.id = result_id"
     " LEFT JOIN job AS asked ON asked.lane = 'commit/' || destination AND asked.subject = delivery.id"
     " LEFT JOIN job AS sent ON job.kind = 'commitment' AND sent.lane = 'deliver/' || destination AND"
     " sent.subject = delivery.id",
     "(job.kind != 'commitment' OR job.word = 'expired')",
     "job.lane IN (SELECT lane FROM job_total WHERE job_total.kind = ?2)"},
    // An image that is kept and was never to be analysed.
    {"instance", "'instance'", "instance.id", "instance.state",
     "sop_instance_uid, NULL AS frame, NULL AS model, NULL AS destination, NULL AS commitment", "0", "NULL",
     "'received, not analysed: ' || not_analysed", "instance.received_at", "instance.received_at",
     " JOIN study ON study.id = study_id", "instance.state = 'prior'", "?2 = 'instance'"},
    // An object that was not taken.
    {"refused_instance", "'receipt'", "refused_instance.id", "'refused'",
     "sop_instance_uid, NULL AS frame, NULL AS model, NULL AS destination, NULL AS commitment", "times",
     "NULL", "printf('refused on receipt: %04X from %s (%s): %s', dimse_status, calling_ae, peer, error)",
     "last_at", "last_at", "", "true", "?2 = 'receipt'"},
}};
constexpr std::array<std::string_view, 6> kinds{"analysis",   "report",   "delivery",
                                                "commitment", "instance", "receipt"};

// `rows` stands for the table itself or for those of its rows that can matter.
std::string select_jobs(const Source& source, const std::string& rows) {
    return std::string("SELECT ") + source.kind + " AS kind, " + source.id + " AS id, " + source.state +
           " AS state, study_instance_uid, accession_number, " + source.columns + ", " + source.attempts +
           " AS attempts, " + source.due + " AS next_attempt_at, " + source.error + " AS error, " +
           source.created + " AS created_at, " + source.updated + " AS updated_at FROM " + rows + " AS " +
           source.name + source.joins;
}

// A site may have many priors: they are told where they are asked for.
bool is_asked_for(const Source& source, const JobFilter& filter) {
    if (filter.state == "prior") return std::string_view(source.name) == "instance";
    return std::string_view(source.name) != "instance" || !filter.accession_number.empty() ||
           !filter.study_instance_uid.empty();
}

// Which of a source's rows are in a state, ?3, and what they are ordered by.
struct Listing {
    std::string where, created;
};

// Few jobs are in these states: those that an index has alone. `+`: not by the one that has all in order.
Listing listing_in(const Source& source, const std::string& state) {
    Listing listing{state.empty() ? "" : std::string(" AND ") + source.state + " = ?3", source.created};
    if (std::string_view(source.name) != "job") return listing;
    const auto is_one_of = [&](std::initializer_list<JobState> states) {
        return std::ranges::any_of(states, [&](JobState each) { return to_text(each) == state; });
    };
    if (is_one_of({JobState::discarded})) listing.where += " AND job.state = 'discarded'";
    if (is_one_of({JobState::not_analysed})) listing.where += " AND job.outcome = 'not_analysed'";
    const bool unfinished = is_one_of({JobState::queued, JobState::running});
    const bool set_aside = is_one_of({JobState::quarantined, JobState::refused, JobState::expired});
    if (unfinished) listing.where += " AND job.state IN ('queued', 'running')";
    if (set_aside) listing.where += " AND job.state = 'set_aside'";
    if (unfinished || set_aside) listing.created.insert(0, "+");
    return listing;
}

// Newest first, at most ?4: each source's newest, and of those the newest. ?1 accession number, ?2 study, ?3
// state.
std::string list_of_jobs(const JobFilter& filter) {
    std::string of_study;
    if (!filter.accession_number.empty()) of_study += " AND accession_number = ?1";
    if (!filter.study_instance_uid.empty()) of_study += " AND study_instance_uid = ?2";
    std::string all;
    for (const auto& source : sources) {
        if (!is_asked_for(source, filter)) continue;
        const auto listing = listing_in(source, filter.state);
        const std::string which = std::string(" WHERE ") + source.only + listing.where;
        const std::string newest = " ORDER BY " + listing.created + " DESC, " + source.id + " DESC LIMIT ?4)";
        all += all.empty() ? "SELECT * FROM (" : " UNION ALL SELECT * FROM (";
        // All jobs: the newest are found before the rest of their columns is looked up.
        all += of_study.empty()
                   ? select_jobs(source, std::string("(SELECT * FROM ") + source.name + which + newest) + ")"
                   : select_jobs(source, source.name) + which + of_study + newest;
    }
    return all + " ORDER BY created_at DESC, id DESC LIMIT ?4";
}

const Source& source_of(std::string_view kind) {
    if (kind == "instance") return sources[1];
    if (kind == "receipt") return sources[2];
    return sources[0];
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
    if (std::ranges::find(kinds, kind) == kinds.end())
        return fail("bad_request",
                    "'{}' is no kind of job: analysis, report, delivery, commitment, instance, receipt",
                    kind);
    auto found = answered(*database_, [&](Transaction& transaction) {
        const auto& source = source_of(kind);
        auto rows = sql::select(transaction,
                                select_jobs(source, source.name) + " WHERE " + source.only + " AND " +
                                    source.of_kind + " AND " + source.id + " = ?1",
                                id, kind);
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
            [&](const sql::Row& row) { events.push_back(told_audit_event(row)); },
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
