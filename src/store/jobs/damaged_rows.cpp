#include "store/jobs/damaged_rows.h"

#include <spdlog/spdlog.h>

#include <vector>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/analyses.h"

namespace hilum {
namespace {

struct UnknownState {
    std::int64_t id = 0;
    std::string lane, state;
};

// In the words that people know failed jobs by; one whose lane is damaged, too, is found by its number alone.
JobState set_aside_state_of(const std::string& lane) {
    return lane.starts_with("deliver/") ? JobState::refused : JobState::quarantined;
}

std::vector<UnknownState> unknown_states_of(Transaction& transaction, const char* sql) {
    std::vector<UnknownState> unknown;
    sql::each(transaction, sql, [&](const sql::Row& row) {
        unknown.push_back({row.int64(0), row.text(1), row.text(2)});
    });
    return unknown;
}

int set_aside_jobs(Transaction& transaction) {
    const auto jobs = unknown_states_of(
        transaction,
        "SELECT id, lane, state FROM job INDEXED BY job_in_no_state WHERE state NOT IN ('queued', 'running', "
        "'done', 'set_aside', 'discarded') OR typeof(due) != 'integer' OR typeof(attempt) != 'integer'");
    for (const auto& job : jobs) {
        const auto [state, outcome] = stored(set_aside_state_of(job.lane));
        const auto why = fmt::format("its state was '{}', which is none: the row was damaged", job.state);
        sql::execute(transaction,
                     "UPDATE job SET state = ?1, outcome = ?2, due = 0, attempt = 0, interruptions = 0, "
                     "owner = NULL, lease = "
                     "NULL, error_code = ?3, error = ?4, updated_at = ?5 WHERE id = ?6",
                     state, outcome, std::string(row_damaged), why, transaction.at(), job.id);
        tell_damaged_row(transaction, "job", job.id, why);
    }
    return static_cast<int>(jobs.size());
}

int mend_instances(Transaction& transaction) {
    const auto instances = unknown_states_of(
        transaction,
        "SELECT id, '', state FROM instance INDEXED BY instance_in_no_state WHERE state NOT "
        "IN ('to_analyse', 'prior', 'kept', 'superseded')");
    for (const auto& instance : instances) {
        // The newest version of an image is what counts, and only what counted was analysed.
        sql::execute(transaction,
                     "UPDATE instance SET state = CASE WHEN not_analysed != '' THEN 'prior' WHEN EXISTS "
                     "(SELECT 1 FROM instance AS other WHERE other.sop_instance_uid = "
                     "instance.sop_instance_uid AND other.id != instance.id AND other.state IN "
                     "('to_analyse', 'prior')) THEN 'superseded' ELSE 'to_analyse' END WHERE id = ?",
                     instance.id);
        tell_damaged_row(transaction, "instance", instance.id,
                         fmt::format("its state was '{}', which is none", instance.state));
    }
    return static_cast<int>(instances.size());
}

}  // namespace

void tell_damaged_row(Transaction& transaction, const std::string& table, std::int64_t id,
                      const std::string& why) {
    spdlog::error("row {} of the table {} is damaged: {}", id, table, why);
    audit::AuditEvent event;
    event.type = "row_damaged";
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"table", table}, {"id", id}, {"error", why}};
    transaction.append_audit(event);
    transaction.count("rows_damaged");
}

void set_aside_unreadable(Transaction& transaction, const Claim& claim, const std::string& why) {
    const auto state = claim.lane() == Lane::delivery ? JobState::refused : JobState::quarantined;
    finish(transaction, claim, state,
           {row_damaged, "what it is about cannot be read in the database: " + why});
    tell_damaged_row(transaction, to_text(claim.lane()), claim.job(), why);
}

void analyse_unreadable(Transaction& transaction, std::int64_t job) {
    sql::execute(transaction,
                 "UPDATE analysis SET outcome = NULL, artifact = NULL WHERE id = (SELECT subject FROM job "
                 "WHERE id = ?)",
                 job);
    repeat_analysis(transaction, job);
    const auto analysis = sql::number(transaction, "SELECT subject FROM job WHERE id = ?", job).value_or(0);
    tell_damaged_row(transaction, "analysis", analysis,
                     "its outcome cannot be read; the image is analysed again");
}

void mend_indices_of(Transaction& transaction, const std::string& table,
                     const std::vector<std::string>& problems) {
    sql::execute(transaction, fmt::format("REINDEX \"{}\"", table));
    std::string left;
    sql::each(transaction, fmt::format("PRAGMA integrity_check(\"{}\")", table), [&](const sql::Row& row) {
        if (const auto problem = row.text(0); problem != "ok") left = problem;
    });
    if (!left.empty()) sql::index_lies(table, 0);
    set_aside_unknown_states(transaction);
    audit::AuditEvent event;
    event.type = "database_mended";
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"table", table}, {"problems", problems}};
    transaction.append_audit(event);
    transaction.count("database_mended");
}

void queue_lost_jobs(Transaction& transaction) {
    struct Lost {
        Lane lane;
        std::string queue;
        std::int64_t subject, study;
    };
    std::vector<Lost> lost;
    const auto find = [&](Lane lane, const char* sql) {
        sql::each(transaction, sql, [&](const sql::Row& row) {
            lost.push_back({lane, row.text(0), row.int64(1), row.int64(2)});
        });
    };
    find(Lane::analysis,
         "SELECT model, analysis.id, study_id FROM analysis JOIN instance ON instance.id = instance_id WHERE "
         "NOT EXISTS (SELECT 1 FROM job WHERE lane = 'analyse/' || model AND subject = analysis.id) AND "
         "instance.state = 'to_analyse'");
    find(Lane::report,
         "SELECT '', id, study_id FROM report WHERE withdrawn = 0 AND NOT EXISTS (SELECT 1 FROM job WHERE "
         "lane "
         "= 'compose' AND subject = report.id) AND version = (SELECT max(version) FROM report AS other WHERE "
         "other.study_id = report.study_id AND other.model = report.model)");
    find(Lane::delivery,
         "SELECT destination, delivery.id, study_id FROM delivery JOIN result ON result.id = result_id JOIN "
         "report ON report.id = report_id WHERE withdrawn = 0 AND NOT EXISTS (SELECT 1 FROM job WHERE lane = "
         "'deliver/' || destination AND subject = delivery.id)");
    for (const auto& job : lost) queue_job(transaction, job.lane, job.queue, job.subject, job.study);
    sql::execute(transaction, "DELETE FROM job_total");
    sql::execute(
        transaction,
        "INSERT INTO job_total SELECT lane, word, kind, queue, count(*) FROM job GROUP BY lane, word");
}

int set_aside_unknown_states(Transaction& transaction) {
    return set_aside_jobs(transaction) + mend_instances(transaction);
}

}  // namespace hilum
