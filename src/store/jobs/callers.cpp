#include "store/jobs/callers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "store/database/sql.h"
#include "store/jobs/due_reports.h"
#include "store/jobs/reports.h"
#include "store/recovery/earlier_life.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

struct NewCaller {
    std::int64_t study = 0;
    std::string study_instance_uid, calling_ae;
};

std::vector<NewCaller> new_callers(Transaction& transaction) {
    std::vector<NewCaller> callers;
    sql::each(
        transaction,
        "SELECT study.id, study_instance_uid, calling_ae FROM study_caller JOIN study USING "
        "(study_instance_uid) WHERE to_serve = 1 AND due_at IS NULL AND NOT EXISTS (SELECT 1 FROM job WHERE "
        "job.study_id = study.id AND +lane = 'compose' AND state IN ('queued', 'running'))",
        [&](const sql::Row& row) {
            callers.push_back({row.int64(0), row.text(1), row.text(2)});
        });
    return callers;
}

// The newest of each model that reports are made of, where it was made and all that it is of is there. What
// was gone when it was opened it does not tell of.
std::vector<std::int64_t> standing_reports(Transaction& transaction, const Configuration& configuration,
                                           std::int64_t study) {
    std::vector<std::int64_t> reports;
    for (const auto& model : active_models(configuration)) {
        const auto report =
            sql::number(transaction,
                        "SELECT report.id FROM report JOIN job ON lane = 'compose' AND subject = report.id "
                        "WHERE report.study_id = ?1 AND model = ?2 AND report.kind = 'results' AND withdrawn "
                        "= 0 AND word = 'composed' AND version = (SELECT max(version) FROM report WHERE "
                        "study_id = ?1 AND model = ?2 AND NOT" HILUM_IS_LEFT_OUT
                        ") AND NOT EXISTS (SELECT 1 FROM instance WHERE "
                        "instance.study_id = ?1 AND instance.state = 'to_analyse' AND instance.id <= "
                        "last_instance AND (removed_at >= job.created_at OR damaged_at IS NOT NULL))",
                        study, model);
        if (report) reports.push_back(*report);
    }
    return reports;
}

bool has_results_for(Transaction& transaction, std::int64_t report, const std::string& destination) {
    return sql::number(transaction,
                       "SELECT 1 FROM delivery JOIN result ON result.id = result_id WHERE report_id = ? AND "
                       "destination = ? LIMIT 1",
                       report, destination)
        .has_value();
}

// The composer makes what the destination lacks, and finds all else made: nobody else is sent anything. The
// report is of the time that it was of, and how long it takes now says nothing of the node.
void compose_for_one_more(Transaction& transaction, std::int64_t report) {
    compose_again(transaction, report);
    sql::execute(transaction, "UPDATE report SET received_at = NULL WHERE id = ?", report);
}

void serve(Transaction& transaction, const Configuration& configuration, const NewCaller& caller) {
    if (is_withdrawn(transaction, caller.study)) return;
    for (const auto report : standing_reports(transaction, configuration, caller.study)) {
        const bool lacks = std::ranges::any_of(configuration.destinations, [&](const auto& destination) {
            return !destination.from.empty() && wants_results(destination) &&
                   is_for_any_of(destination, {caller.calling_ae}) &&
                   !has_results_for(transaction, report, destination.name);
        });
        if (lacks) compose_for_one_more(transaction, report);
    }
}

bool is_only_caller(Transaction& transaction, const std::string& study_instance_uid) {
    return sql::number(transaction, "SELECT count(*) FROM study_caller WHERE study_instance_uid = ?",
                       study_instance_uid) == 1;
}

// Whether its destinations are to be looked at; nothing where it was known.
std::optional<bool> add_caller(Transaction& transaction, const std::string& study_instance_uid,
                               const std::string& calling_ae) {
    const auto to_serve = sql::number(
        transaction,
        "INSERT INTO study_caller(study_instance_uid, calling_ae, to_serve) VALUES(?1, ?2, EXISTS (SELECT 1 "
        "FROM study JOIN report ON study_id = study.id WHERE study_instance_uid = ?1 AND kind = 'results')) "
        "ON CONFLICT DO NOTHING RETURNING to_serve",
        study_instance_uid, calling_ae);
    if (!to_serve) return std::nullopt;
    return *to_serve != 0;
}

// A Hilum before this noted none.
bool was_composed_for(Transaction& transaction, std::int64_t report, const std::string& destination) {
    const auto noted = sql::number(transaction,
                                   "SELECT max(destination = ?2) FROM composed_for WHERE report_id = ?1 "
                                   "HAVING count(*) > 0",
                                   report, destination);
    return noted ? *noted != 0 : has_results_for(transaction, report, destination);
}

}  // namespace

bool note_caller(Transaction& transaction, const std::string& study_instance_uid,
                 const std::string& calling_ae) {
    if (calling_ae.empty()) return false;
    const auto added = add_caller(transaction, study_instance_uid, calling_ae);
    if (!added) return false;
    // The first one's file names it; of another there may be none.
    transaction.note_fact(
        {{"fact", "sent"}, {"at", transaction.at()}, {"study", study_instance_uid}, {"by", calling_ae}},
        !is_only_caller(transaction, study_instance_uid));
    return *added;
}

void take_earlier_caller(Transaction& transaction, const std::string& study_instance_uid,
                         const std::string& calling_ae) {
    (void)add_caller(transaction, study_instance_uid, calling_ae);
}

std::set<std::string> callers_of(Transaction& transaction, std::int64_t study) {
    std::set<std::string> callers;
    sql::each(
        transaction,
        "SELECT calling_ae FROM study_caller JOIN study USING (study_instance_uid) WHERE study.id = ?",
        [&](const sql::Row& row) { callers.insert(row.text(0)); }, study);
    return callers;
}

bool is_for_any_of(const DestinationSettings& destination, const std::set<std::string>& callers) {
    return destination.from.empty() || std::ranges::any_of(destination.from, [&](const std::string& caller) {
               return callers.contains(caller);
           });
}

bool wants_results(const DestinationSettings& destination) {
    const auto& reports = destination.reports;
    return reports.hl7 || reports.sr || (reports.sc && reports.sc_when != CaptureWhen::never);
}

std::set<std::string> destinations_to_serve(Transaction& transaction, const Configuration& configuration,
                                            std::int64_t report) {
    std::set<std::string> names;
    const auto study = sql::number(
        transaction, "SELECT study_id FROM report WHERE id = ? AND kind = 'results' AND received_at IS NULL",
        report);
    if (!study) return names;
    const auto callers = callers_of(transaction, *study);
    for (const auto& destination : configuration.destinations)
        if (!destination.from.empty() && is_for_any_of(destination, callers) &&
            !was_composed_for(transaction, report, destination.name))
            names.insert(destination.name);
    return names;
}

void serve_new_callers(Transaction& transaction, const Configuration& configuration) {
    for (const auto& caller : new_callers(transaction)) {
        sql::execute(transaction,
                     "UPDATE study_caller SET to_serve = 0 WHERE study_instance_uid = ? AND calling_ae = ?",
                     caller.study_instance_uid, caller.calling_ae);
        serve(transaction, configuration, caller);
    }
}

}  // namespace hilum
