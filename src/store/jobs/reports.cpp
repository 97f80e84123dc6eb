#include "store/jobs/reports.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "store/audit/audit_event.h"
#include "store/data_history.h"
#include "store/database/sql.h"
#include "store/jobs/callers.h"
#include "store/jobs/compose_requests.h"
#include "store/jobs/damaged_objects.h"
#include "store/jobs/damaged_results.h"
#include "store/jobs/damaged_rows.h"
#include "store/jobs/delivery_order.h"
#include "store/jobs/due_reports.h"
#include "store/moved_images.h"
#include "store/recovery/earlier_life.h"
#include "store/recovery/earlier_results.h"

namespace hilum {
namespace {

constexpr Duration next_look_at_adoption = std::chrono::seconds(10);
constexpr std::int64_t most_repetitions = 2;  // of analyses whose kept images were damaged

std::string study_of(Transaction& transaction, std::int64_t report) {
    std::string study;
    sql::each(
        transaction,
        "SELECT study_instance_uid FROM study JOIN report ON report.study_id = study.id WHERE report.id = ?",
        [&](const sql::Row& row) { study = row.text(0); }, report);
    return study;
}

struct KeptVersion {
    std::int64_t report = 0, study = 0, version = 0;
};

KeptVersion kept_version(Transaction& transaction, std::int64_t report) {
    KeptVersion kept{report, 0, 0};
    sql::each(
        transaction, "SELECT study_id, version FROM report WHERE id = ?",
        [&](const sql::Row& row) {
            kept.study = row.int64(0);
            kept.version = row.int64(1);
        },
        report);
    return kept;
}

void queue_delivery(Transaction& transaction, const std::string& sop_instance_uid,
                    const std::string& destination, const KeptVersion& kept,
                    const Configuration& configuration) {
    if (tell_again(transaction, sop_instance_uid, destination, kept.version)) return;
    sql::execute(transaction,
                 "INSERT INTO delivery(result_id, destination, told_version) SELECT id, ?1, ?3 FROM result "
                 "WHERE sop_instance_uid = ?2",
                 destination, sop_instance_uid, kept.version);
    const auto delivery = sql::last_id(transaction);
    queue_job(transaction, Lane::delivery, destination, delivery, kept.study);
    // A withdrawal is also for those that are configured no more.
    if (std::ranges::find(configuration.destinations, destination, &DestinationSettings::name) !=
        configuration.destinations.end())
        return discard_replaced(transaction, delivery);
    const auto [state, outcome] = stored(JobState::expired);
    sql::execute(transaction,
                 "UPDATE job SET state = ?, outcome = ?, error = 'the destination is no longer configured' "
                 "WHERE lane = ? AND subject = ?",
                 state, outcome, lane_name(Lane::delivery, destination), delivery);
}

// After its deliveries, of which one that it tells of would else be taken for one of the past. Whom the first
// results of a version were filed under counts.
void keep_filing(Transaction& transaction, const ComposeReply& reply, const KeptVersion& kept) {
    if (!reply.results.empty())
        sql::execute(transaction, "UPDATE report SET filed_under = ? WHERE id = ? AND filed_under = ''",
                     reply.filed_under, kept.report);
    for (const auto& destination : reply.composed_for)
        sql::execute(transaction, "INSERT OR IGNORE INTO composed_for VALUES(?, ?)", kept.report,
                     destination);
    discard_pictures_of_the_past(transaction, kept.study);
}

// The destination has all that this version makes of that kind, under other UIDs: what has arrived is made in
// no other form, though the settings of reports were changed since.
bool has_another_form(Transaction& transaction, const ComposeReply& reply, ResultKind kind,
                      const std::string& destination) {
    auto uids = nlohmann::json::array();
    for (const auto& result : reply.results)
        if (result.kind == kind &&
            std::ranges::find(result.destinations, destination) != result.destinations.end())
            uids.push_back(result.sop_instance_uid);
    return sql::number(transaction,
                       "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM result WHERE sop_instance_uid IN (SELECT "
                       "value FROM json_each(?4))) AND (SELECT count(*) FROM result JOIN delivery ON "
                       "result_id = result.id WHERE report_id = ?1 AND kind = ?2 AND destination = ?3 AND "
                       "delivered_at IS NOT NULL) >= json_array_length(?4)",
                       reply.job, enum_string(kind), destination, uids.dump())
        .has_value();
}

// Without what everybody whom it is for has in another form.
std::vector<ComposedResult> results_to_keep(Transaction& transaction, const ComposeReply& reply) {
    std::map<std::pair<ResultKind, std::string>, bool> known;  // asked once: a study may have many pictures
    const auto has_it = [&](ResultKind kind, const std::string& destination) {
        const auto [asked, first] = known.try_emplace({kind, destination});
        if (first) asked->second = has_another_form(transaction, reply, kind, destination);
        return asked->second;
    };
    std::vector<ComposedResult> results;
    for (auto result : reply.results) {
        const auto have_it = std::erase_if(result.destinations, [&](const std::string& destination) {
            return has_it(result.kind, destination);
        });
        if (have_it == 0 || !result.destinations.empty()) results.push_back(std::move(result));
    }
    return results;
}

void keep_results(Transaction& transaction, const ComposeReply& reply, const std::string& study,
                  const Configuration& configuration) {
    const std::int64_t at = transaction.at();
    const auto kept = kept_version(transaction, reply.job);
    const auto asked = destinations_asked_for_commitment(configuration.destinations);
    const auto asks = [&](const std::string& name) { return std::ranges::find(asked, name) != asked.end(); };
    restore_earlier_results(transaction, reply.job, asks);
    for (const auto& result : results_to_keep(transaction, reply)) {
        const auto name = std::filesystem::path(result.file).filename().string();
        note_composed_anew(transaction, reply.job, result);
        sql::execute(
            transaction,
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, "
            "series_instance_uid, transfer_syntax_uid, file, sha256, created_at, audit_head, made_with) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(sop_instance_uid) DO NOTHING",
            reply.job, enum_string(result.kind), result.sop_class_uid, result.sop_instance_uid,
            result.series_instance_uid, result.transfer_syntax_uid, name, result.sha256, at,
            result.audit_head, text_of(result.made_with));
        note_result(transaction, result.sop_instance_uid);
        for (const auto& destination : result.destinations)
            queue_delivery(transaction, result.sop_instance_uid, destination, kept, configuration);
        audit::AuditEvent event;
        event.type = "result_composed";
        event.actor = "hilum";
        event.study_instance_uid = study;
        event.sop_instance_uid = result.sop_instance_uid;
        event.detail = {{"kind", enum_text(result.kind)},
                        {"sha256", result.sha256},
                        {"destinations", result.destinations}};
        transaction.append_audit(event);
        transaction.count("results_composed", {{"kind", enum_string(result.kind)}});
    }
    keep_filing(transaction, reply, kept);
    settle_earlier_deliveries(transaction, reply.job, asks);
}

// It is made of what is left, at once; of the damaged ones a later version tells, when they came again.
bool keep_damaged(Transaction& transaction, const Claim& claim, const ComposeReply& reply,
                  const RetrySettings& retry) {
    for (const auto& image : reply.damaged)
        keep_object_damaged(transaction, image.instance, image.file, image.how);
    Error error = reply.error.value_or(Error{object_damaged, reply.damaged.front().how});
    error.retry = Retry::later;
    return keep_report_failure(transaction, claim, error, retry);
}

// No report replaces one that lies under another patient.
bool takes_back_first(Transaction& transaction, const Claim& claim, const ComposeReply& reply) {
    if (!reply.error || reply.error->code != patient_changed) return false;
    const auto study = sql::number(transaction, "SELECT study_id FROM report WHERE id = ?", claim.job());
    return leave_patient(transaction, study.value());
}

bool is_composed_anew(Transaction& transaction, std::int64_t report) {
    return sql::number(transaction, "SELECT 1 FROM report WHERE id = ? AND composed_anew > 0", report)
        .has_value();
}

// Where its images were analysed again meanwhile, what was damaged is not made of them any more: the study's
// next version tells in its place.
void keep_composed_anew(Transaction& transaction, std::int64_t report, const ComposeReply& reply) {
    nlohmann::json made = nlohmann::json::array();
    for (const auto& result : reply.results) {
        note_composed_anew(transaction, report, result);
        made.push_back(result.sop_instance_uid);
    }
    if (reply.error) return;
    sql::execute(
        transaction,
        "UPDATE study SET due_at = ?1, first_pending_at = coalesce(first_pending_at, ?1) WHERE id IN "
        "(SELECT report.study_id FROM report JOIN result ON report_id = report.id JOIN delivery ON "
        "result_id = result.id JOIN job ON lane = 'deliver/' || destination AND subject = delivery.id "
        "WHERE report.id = ?2 AND report.kind = 'results' AND withdrawn = 0 AND job.state = 'queued' "
        "AND job.error_code = ?3 AND sop_instance_uid NOT IN (SELECT value FROM json_each(?4)) AND "
        "NOT EXISTS (SELECT 1 FROM report AS newer WHERE newer.study_id = report.study_id AND "
        "newer.model = report.model AND newer.version > report.version)) AND due_at IS NULL",
        transaction.at(), report, std::string(result_damaged), made.dump());
}

// What was made for a destination that came later. Until all of it is, the destination goes on to lack it.
void keep_for_later_ones(Transaction& transaction, std::int64_t report, ComposeReply reply,
                         const Configuration& configuration) {
    const auto later = destinations_to_serve(transaction, configuration, report);
    if (later.empty()) return;
    for (auto& result : reply.results)
        std::erase_if(result.destinations, [&](const auto& name) { return !later.contains(name); });
    std::erase_if(reply.results, [](const auto& result) { return result.destinations.empty(); });
    if (reply.error) reply.composed_for.clear();
    keep_results(transaction, reply, study_of(transaction, report), configuration);
}

std::int64_t repetitions(Transaction& transaction, std::int64_t report) {
    return sql::number(
               transaction,
               "SELECT count(*) FROM report JOIN report AS this ON this.id = ? JOIN job ON job.lane = "
               "'compose' AND job.subject = report.id WHERE report.study_id = this.study_id AND "
               "report.model = this.model AND job.error_code = 'artifact_damaged'",
               report)
        .value_or(0);
}

// The study's next version covers the images again once they are analysed.
void analyse_again(Transaction& transaction, std::int64_t report) {
    const std::int64_t at = transaction.at();
    std::int64_t study = 0;
    std::string lane;
    sql::each(
        transaction, "SELECT study_id, model FROM report WHERE id = ?",
        [&](const sql::Row& row) {
            study = row.int64(0);
            lane = lane_name(Lane::analysis, row.text(1));
        },
        report);
    sql::execute(transaction,
                 "UPDATE analysis SET outcome = NULL, artifact = NULL WHERE id IN (SELECT subject FROM job "
                 "WHERE study_id = ? AND +lane = ? AND word = 'analysed')",
                 study, lane);
    sql::execute(transaction,
                 "UPDATE job SET state = 'queued', outcome = '', due = ?1, updated_at = ?1 WHERE study_id = "
                 "?2 AND +lane = ?3 AND word = 'analysed'",
                 at, study, lane);
    sql::execute(transaction, "UPDATE study SET due_at = ?1, first_pending_at = ?1 WHERE id = ?2", at, study);
    transaction.count("analyses_repeated");
}

void observe_report(Transaction& transaction, std::int64_t report) {
    sql::each(
        transaction,
        "SELECT model, received_at FROM report WHERE id = ? AND received_at IS NOT NULL AND composed_anew = "
        "0",
        [&](const sql::Row& row) {
            transaction.observe("receipt_to_report_seconds", {{"model", row.text(0)}},
                                Duration(transaction.at() - row.int64(1)));
        },
        report);
}

// A study that is due but still being analysed is looked at again when its
// analysis ends, a report whose study is at a composer when that one ends.
std::optional<std::int64_t> next_look(Transaction& transaction) {
    return sql::number(transaction,
                       "SELECT min(t) FROM (SELECT min(due_at) AS t FROM study WHERE due_at > ?1 UNION ALL "
                       "SELECT min(due) FROM job WHERE state = 'queued' AND lane = 'compose' AND due > ?1)",
                       transaction.at());
}

const Error waits_for_objects_error{
    object_damaged, "what it tells of is damaged in the spool; have the PACS send the study again",
    Retry::never};

const Error next_version_tells{"", HILUM_NEXT_VERSION_TELLS};

// A version that is composed anew is to be the same again, and a note of a withdrawal needs a header. Of
// others, what is left is told.
bool waits_for_objects(Transaction& transaction, std::int64_t report,
                       const std::optional<ComposeRequest>& request) {
    if (request && !request->withdrawal.reason.empty()) return request->images.empty();
    return misses_damaged_objects(transaction, report) && (!request || is_composed_anew(transaction, report));
}

const Error waits_for_adoption_error{"", "waits until an object of the study is adopted from the spool"};

// A note of what an earlier database knew, while the study's objects are not adopted yet (data_history.h).
bool waits_for_adoption(Transaction& transaction, const std::optional<ComposeRequest>& request) {
    return request && !request->withdrawal.reason.empty() && request->images.empty() &&
           !is_reconciled(transaction);
}

// An image that it was opened for is analysed again, or another took its place, before anything was made of
// it; the study is due, and its next version tells of all.
bool lacks_what_it_was_opened_for(Transaction& transaction, const Configuration& configuration,
                                  std::int64_t report, std::int64_t study) {
    return sql::number(
               transaction,
               "SELECT 1 FROM report JOIN study ON study.id = report.study_id WHERE report.id = ?1 AND "
               "report.kind = 'results' AND composed_anew = 0 AND model IN (SELECT value FROM "
               "json_each(?2)) AND due_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM result WHERE "
               "report_id = report.id) AND (EXISTS (SELECT 1 FROM job JOIN analysis ON analysis.id = "
               "subject JOIN instance ON instance.id = instance_id WHERE job.study_id = study.id AND "
               "job.kind = 'analysis' AND job.state IN ('queued', 'running') AND analysis.model = "
               "report.model AND instance.state = 'to_analyse' AND instance.id <= last_instance) OR "
               "EXISTS (SELECT 1 FROM instance AS newer JOIN instance AS before ON "
               "before.sop_instance_uid = newer.sop_instance_uid AND +before.study_id = study.id AND "
               "before.id <= last_instance JOIN analysis ON analysis.instance_id = before.id AND "
               "analysis.model = report.model WHERE newer.study_id = study.id AND newer.state = "
               "'to_analyse' AND newer.id > last_instance))",
               report, nlohmann::json(models_to_tell(transaction, configuration, study)).dump())
        .has_value();
}

}  // namespace

NextReport claim_report(Transaction& transaction, const Configuration& configuration,
                        const DataDirectory& directory, Duration lease,
                        const std::set<std::int64_t>& studies_at_work) {
    while (auto claim = claim_next(transaction, Lane::report, "", lease, studies_at_work)) {
        std::int64_t study = 0;
        bool lacks = false;
        std::optional<ComposeRequest> request;
        const auto read = transaction.apart([&] {
            study =
                sql::number(transaction, "SELECT study_id FROM report WHERE id = ?", claim->job()).value();
            lacks = lacks_what_it_was_opened_for(transaction, configuration, claim->job(), study);
            if (!lacks) request = compose_request(transaction, claim->job(), configuration, directory);
        });
        if (!read) {
            set_aside_unreadable(transaction, *claim, read.error().message);
            continue;
        }
        if (lacks) {
            finish(transaction, *claim, JobState::discarded, next_version_tells);
            continue;
        }
        if (waits_for_adoption(transaction, request)) {
            give_back(transaction, *claim, transaction.at() + next_look_at_adoption.count(),
                      waits_for_adoption_error);
            sql::execute(transaction, "UPDATE job SET attempt = 0 WHERE id = ?", claim->id());
            continue;
        }
        if (waits_for_objects(transaction, claim->job(), request)) {
            keep_report_failure(transaction, *claim, waits_for_objects_error, configuration.retry);
            continue;
        }
        if (request) return {ReportClaim{std::move(*claim), std::move(*request), study}, std::nullopt};
        // Nobody wants these results: there is nothing to compose.
        finish(transaction, *claim, JobState::composed);
    }
    return {std::nullopt, next_look(transaction)};
}

bool keep_composed(Transaction& transaction, const Claim& claim, const ComposeReply& reply,
                   const Configuration& configuration) {
    if (!stands(transaction, claim)) return false;
    if (!reply.damaged.empty()) return keep_damaged(transaction, claim, reply, configuration.retry);
    if (takes_back_first(transaction, claim, reply)) return true;
    // Its images may be others than they were: nothing is added to what its destinations were sent.
    if (is_composed_anew(transaction, claim.job())) {
        keep_composed_anew(transaction, claim.job(), reply);
        keep_for_later_ones(transaction, claim.job(), reply, configuration);
    } else {
        keep_results(transaction, reply, study_of(transaction, claim.job()), configuration);
    }
    if (reply.analyse_again && repetitions(transaction, claim.job()) < most_repetitions)
        analyse_again(transaction, claim.job());
    else if (reply.error)
        return keep_report_failure(transaction, claim, *reply.error, configuration.retry);
    finish(transaction, claim, JobState::composed, reply.error.value_or(Error{}));
    observe_report(transaction, claim.job());
    return true;
}

bool compose_again(Transaction& transaction, std::int64_t report) {
    return sql::execute(transaction,
                        "UPDATE job SET state = 'queued', outcome = '', attempt = 0, interruptions = 0, due "
                        "= ?1, updated_at = ?1 "
                        "WHERE lane = 'compose' AND subject = ?2 AND word IN ('composed', 'quarantined')",
                        transaction.at(), report) != 0;
}

bool keep_report_failure(Transaction& transaction, const Claim& claim, const Error& error,
                         const RetrySettings& retry) {
    const auto state = fail_claimed(transaction, claim, error, retry);
    if (!state) return false;
    if (has_told_trouble(transaction, claim)) return true;
    audit::AuditEvent event;
    event.type = "report_failed";
    event.outcome = "failure";
    event.actor = "hilum";
    event.study_instance_uid = study_of(transaction, claim.job());
    event.detail = {
        {"report", claim.job()}, {"code", error.code}, {"error", error.message}, {"state", to_text(*state)}};
    transaction.append_audit(event);
    return true;
}

}  // namespace hilum
