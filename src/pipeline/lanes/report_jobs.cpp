#include "pipeline/lanes/report_jobs.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.h"
#include "pipeline/lanes/compose_requests.h"
#include "pipeline/lanes/wake_up.h"
#include "store/job_state.h"
#include "store/overview/metric_catalogue.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds composer_timeout(120);
constexpr std::int64_t none =
    0;  // in composing_: no report is with the composer, but the database is busy with one

void keep_failure(Database& database, std::int64_t report, const std::string& study, const Error& error,
                  const RetrySettings& retry) {
    const auto state = fail_job(database, JobTable::report, report, error, retry);
    audit::AuditEvent event;
    event.type = "report_failed";
    event.outcome = "failure";
    event.actor = "hilum";
    event.study_instance_uid = study;
    event.detail = {{"report", report}, {"code", error.code}, {"error", error.message}, {"state", state}};
    database.append_audit(event);
}

// What came late is analysed and kept, and no report tells of it.
void audit_unrevised(Database& database, std::int64_t study, const char* why) {
    audit::AuditEvent event;
    event.type = "report_not_revised";
    event.actor = "hilum";
    event.detail = {{"reason", why}};
    database.each(
        "SELECT study_instance_uid FROM study WHERE id = ?",
        [&](SQLite::Statement& row) { event.study_instance_uid = row.getColumn(0).getString(); }, study);
    database.append_audit(event);
    database.count("reports_not_revised");
}

constexpr std::int64_t most_repetitions = 2;  // of analyses whose kept images were damaged

}  // namespace

ReportJobs::ReportJobs(boost::asio::io_context& loop, CommitQueue& commits,
                       const Configuration& configuration, DataDirectory directory,
                       std::vector<std::string> models, std::function<void()> on_results,
                       std::function<void()> on_changed)
    : loop_(loop),
      commits_(commits),
      configuration_(configuration),
      directory_(std::move(directory)),
      models_(std::move(models)),
      on_results_(std::move(on_results)),
      on_changed_(std::move(on_changed)),
      wake_timer_(loop),
      deadline_timer_(loop) {}

void ReportJobs::start(ChildSpecification composer) {
    composer_ = std::make_unique<SupervisedChild>(
        loop_, std::move(composer),
        SupervisedChild::Callbacks{
            [this](Message message) { on_composer_message(std::move(message)); },
            [this](const std::string& how) {
                if (composing_.value_or(none) != none)
                    fail_report(*composing_, {"process_died", "the composer " + how, Retry::later});
            },
            [this] {
                on_changed_();
                pump();
            }});
    composer_->start();
}

void ReportJobs::pump() {
    if (composing_ || draining_ || !composer_ || !composer_->running()) {
        pump_again_ = composing_.has_value();
        return;
    }
    pump_again_ = false;
    composing_ = none;
    commits_.submit(
        [this](Database& database) { return next_report(database); },
        [this](Result<Next> next) {
            composing_.reset();
            if (!next) {
                spdlog::error("cannot claim a report: {}", next.error().message);
                return wake_after(CommitQueue::retry_after);
            }
            if (next->request) {
                composing_ = next->request->job;
                deadline_timer_.expires_after(composer_timeout);
                deadline_timer_.async_wait([this](const boost::system::error_code& error) {
                    if (!error) composer_->kill();
                });
                if (!composer_->send(to_packet(*next->request)))
                    fail_report(next->request->job, {"process_died", "the composer is gone", Retry::later});
                return;
            }
            on_results_();
            if (next->next_at) wake_after(from_microseconds(*next->next_at) - now());
            if (pump_again_) pump();
        });
}

void ReportJobs::wake_after(Duration wait) {
    wake_up_after(wake_timer_, wait, [this] { pump(); });
}

ReportJobs::Next ReportJobs::next_report(Database& database) const {
    const std::int64_t at = to_microseconds(now());
    open_due_reports(database, at);
    Next next;
    for (;;) {
        std::optional<std::int64_t> report;
        database.each(
            "UPDATE report SET state = 'running', attempts = attempts + 1, lease_until = ?1 + ?2, updated_at "
            "= ?1"
            " WHERE id = (SELECT id FROM report WHERE state = 'queued' AND next_attempt_at <= ?1"
            " ORDER BY urgent DESC, next_attempt_at, id LIMIT 1) RETURNING id",
            [&](SQLite::Statement& row) { report = row.getColumn(0).getInt64(); }, at,
            Duration(composer_timeout).count());
        if (!report) break;
        next.request = compose_request(database, *report, configuration_, directory_);
        if (next.request) return next;
        // Nobody wants these results: there is nothing to compose.
        database.execute(
            "UPDATE report SET state = 'composed', lease_until = NULL, updated_at = ? WHERE id = ?", at,
            *report);
    }
    // A study that is due but still being analysed is looked at again when its analysis ends.
    next.next_at = database.number(
        "SELECT min(t) FROM (SELECT min(due_at) AS t FROM study WHERE due_at > ?1"
        " UNION ALL SELECT min(next_attempt_at) FROM report WHERE state = 'queued')",
        at);
    return next;
}

// Studies whose time has come and whose images all active models are through with. A shadow model holds up
// nobody.
void ReportJobs::open_due_reports(Database& database, std::int64_t at) const {
    struct Due {
        std::int64_t study, version;
    };
    const std::string active = nlohmann::json(active_models()).dump();
    for (;;) {
        std::vector<Due> due;
        database.each(
            "SELECT id, report_version + 1 FROM study WHERE due_at <= ? AND NOT EXISTS (SELECT 1 FROM "
            "instance"
            " JOIN analysis ON analysis.instance_id = instance.id WHERE instance.study_id = study.id"
            " AND instance.state = 'to_analyse' AND analysis.state IN ('queued', 'running')"
            " AND analysis.model IN (SELECT value FROM json_each(?))) ORDER BY urgent_at IS NULL, due_at "
            "LIMIT 50",
            [&](SQLite::Statement& row) {
                due.push_back({row.getColumn(0).getInt64(), row.getColumn(1).getInt64()});
            },
            at, active);
        if (due.empty()) return;
        for (const auto& [study, version] : due) {
            bool first_active = true, opened = false;
            const char* const unwanted = why_not_reported(database, study);
            const bool wanted = unwanted == nullptr;
            if (!wanted) audit_unrevised(database, study, unwanted);
            for (const auto& model : wanted ? active_models() : std::vector<std::string>{}) {
                opened |= open_report(database, study, model, version, first_active);
                first_active = false;
            }
            database.execute(
                "UPDATE study SET due_at = NULL, first_pending_at = NULL, report_version = ? WHERE id = ?",
                opened ? version : version - 1, study);
        }
    }
}

// Null where a study that is due gets a report. What was withdrawn is no report that stands.
const char* ReportJobs::why_not_reported(Database& database, std::int64_t study) const {
    if (is_withdrawn(database, study)) return "the study's results were withdrawn";
    const auto standing = database.number(
        "SELECT count(*) FROM report WHERE study_id = ? AND kind = 'results' AND withdrawn = 0", study);
    return configuration_.study.revise || standing == 0 ? nullptr : "study.revise is false";
}

std::vector<std::string> ReportJobs::active_models() const {
    std::vector<std::string> active;
    for (std::size_t model = 0; model < models_.size(); ++model)
        if (configuration_.models[model].mode == ModelMode::active) active.push_back(models_[model]);
    return active;
}

bool ReportJobs::open_report(Database& database, std::int64_t study, const std::string& model,
                             std::int64_t version, bool of_first_active) const {
    // What a careless routing rule sends beside radiographs (is_foreign) causes no report.
    const auto images = database.number(
        "SELECT count(*) FROM instance JOIN analysis ON analysis.instance_id = instance.id"
        " WHERE study_id = ? AND model = ? AND instance.state = 'to_analyse'"
        " AND coalesce(json_extract(outcome, '$.not_analysed.code'), '')"
        " NOT IN (SELECT value FROM json_each(?))",
        study, model, nlohmann::json(foreign_outcomes()).dump());
    const auto analysed = database.number(
        "SELECT count(*) FROM instance JOIN analysis ON analysis.instance_id = instance.id"
        " WHERE study_id = ? AND model = ? AND instance.state = 'to_analyse'"
        " AND analysis.state = 'analysed'",
        study, model);
    const auto by_any = database.number(
        "SELECT count(*) FROM instance JOIN analysis ON analysis.instance_id = instance.id WHERE study_id = ?"
        " AND instance.state = 'to_analyse' AND analysis.state = 'analysed'"
        " AND analysis.model IN (SELECT value FROM json_each(?))",
        study, nlohmann::json(active_models()).dump());
    const auto& when = configuration_.study.report_not_analysed;
    const bool wanted =
        analysed > 0 || when == "always" || (when == "nothing_analysed" && by_any == 0 && of_first_active);
    if (images == 0 || !wanted) {
        database.count("reports_suppressed", {{"model", model}});
        return false;
    }
    const std::int64_t at = to_microseconds(now());
    database.execute(
        "UPDATE report SET state = 'discarded', error = 'a newer version of the report was made',"
        " updated_at = ? WHERE study_id = ? AND model = ? AND kind = 'results'"
        " AND state IN ('queued', 'quarantined')",
        at, study, model);
    database.execute(
        "INSERT INTO report(study_id, model, version, state, next_attempt_at, created_at, updated_at, "
        "last_instance, received_at)"
        " SELECT ?1, ?2, ?3, 'queued', ?4, ?4, ?4, max(id),"
        " (SELECT first_pending_at FROM study WHERE id = ?1) FROM instance WHERE study_id = ?1",
        study, model, version, at);
    return true;
}

void ReportJobs::on_composer_message(Message message) {
    auto reply = from_packet<ComposeReply>(message);
    if (!reply || !composing_ || reply->job != *composing_) {
        spdlog::error("composer: {}", reply ? "answered another request" : reply.error().message);
        return composer_->kill();
    }
    composer_->prosper();
    on_reply(std::move(*reply));
}

void ReportJobs::on_reply(ComposeReply reply) {
    deadline_timer_.cancel();
    if (reply.error) spdlog::error("report {}: {}: {}", reply.job, reply.error->code, reply.error->message);
    if (reply.error && reply.results.empty() && !reply.analyse_again)
        return fail_report(reply.job, *reply.error);
    composing_ = none;
    const auto report = reply.job;
    commits_.submit_until_kept(
        [this, reply = std::move(reply)](Database& database) { keep_reply(database, reply); },
        [this, report](Result<void> kept) {
            // The files are there under the same names: composing again writes the same bytes.
            if (!kept) return fail_report(report, {kept.error().code, kept.error().message, Retry::later});
            composing_.reset();
            on_results_();
            pump();
        });
}

// What was made goes out, also when something beside it could not be made: a report that broke its template
// does not hold back the capture.
void ReportJobs::keep_reply(Database& database, const ComposeReply& reply) const {
    const auto still_wanted =
        database.number("SELECT count(*) FROM report WHERE id = ? AND state = 'running'", reply.job);
    if (still_wanted == 0) return;  // withdrawn while it was composed
    std::string study;
    database.each(
        "SELECT study_instance_uid FROM study JOIN report ON report.study_id = study.id WHERE report.id = ?",
        [&](SQLite::Statement& row) { study = row.getColumn(0).getString(); }, reply.job);
    keep_results(database, reply, study);
    if (reply.analyse_again && repetitions(database, reply.job) < most_repetitions) {
        analyse_again(database, reply.job);
    } else if (reply.error) {
        keep_failure(database, reply.job, study, *reply.error, configuration_.retry);
        return;
    }
    const auto error = reply.error.value_or(Error{});
    database.execute(
        "UPDATE report SET state = 'composed', error_code = ?, error = ?, lease_until = NULL,"
        " updated_at = ? WHERE id = ?",
        error.code, error.message, to_microseconds(now()), reply.job);
    database.each(
        "SELECT model, received_at FROM report WHERE id = ? AND received_at IS NOT NULL",
        [&](SQLite::Statement& row) {
            observe(database, "receipt_to_report_seconds", {{"model", row.getColumn(0).getString()}},
                    Duration(to_microseconds(now()) - row.getColumn(1).getInt64()));
        },
        reply.job);
}

void ReportJobs::keep_results(Database& database, const ComposeReply& reply, const std::string& study) const {
    const std::int64_t at = to_microseconds(now());
    for (const auto& result : reply.results) {
        const auto name = std::filesystem::path(result.file).filename().string();
        database.execute(
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
            " transfer_syntax_uid, file, sha256, created_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(sop_instance_uid) DO NOTHING",
            reply.job, enum_string(result.kind), result.sop_class_uid, result.sop_instance_uid,
            result.series_instance_uid, result.transfer_syntax_uid, name, result.sha256, at);
        for (const auto& destination : result.destinations) {
            // A withdrawal is also for those that are configured no more.
            const bool known =
                std::ranges::find(configuration_.destinations, destination, &DestinationSettings::name) !=
                configuration_.destinations.end();
            database.execute(
                "INSERT INTO delivery(result_id, destination, state, error, next_attempt_at, created_at,"
                " updated_at) SELECT id, ?1, ?2, ?3, ?4, ?4, ?4 FROM result WHERE sop_instance_uid = ?5"
                " ON CONFLICT(result_id, destination) DO NOTHING",
                destination, known ? "queued" : "expired",
                known ? "" : "the destination is no longer configured", at, result.sop_instance_uid);
        }
        audit::AuditEvent event;
        event.type = "result_composed";
        event.actor = "hilum";
        event.study_instance_uid = study;
        event.sop_instance_uid = result.sop_instance_uid;
        event.detail = {{"kind", enum_text(result.kind)},
                        {"sha256", result.sha256},
                        {"destinations", result.destinations}};
        database.append_audit(event);
        database.count("results_composed", {{"kind", enum_text(result.kind)}});
    }
}

std::int64_t ReportJobs::repetitions(Database& database, std::int64_t report) {
    return database
        .number(
            "SELECT count(*) FROM report JOIN report AS this ON this.id = ? WHERE report.study_id = "
            "this.study_id"
            " AND report.model = this.model AND report.error_code = 'artifact_damaged'",
            report)
        .value_or(0);
}

// The study's next version covers the images again once they are analysed.
void ReportJobs::analyse_again(Database& database, std::int64_t report) const {
    const std::int64_t at = to_microseconds(now());
    database.execute(
        "UPDATE analysis SET state = 'queued', outcome = NULL, artifact = NULL, next_attempt_at = ?1, "
        "updated_at = ?1"
        " WHERE state = 'analysed' AND model = (SELECT model FROM report WHERE id = ?2) AND instance_id IN"
        " (SELECT instance.id FROM instance JOIN report ON report.study_id = instance.study_id WHERE "
        "report.id = ?2)",
        at, report);
    database.execute(
        "UPDATE study SET due_at = ?1, first_pending_at = ?1"
        " WHERE id = (SELECT study_id FROM report WHERE id = ?2)",
        at, report);
    database.count("analyses_repeated");
}

void ReportJobs::fail_report(std::int64_t report, const Error& error) {
    deadline_timer_.cancel();
    composing_ = none;
    spdlog::error("report {}: {}", report, error.message);
    commits_.submit_until_kept([report, error, retry = configuration_.retry](
                                   Database& database) { keep_failure(database, report, "", error, retry); },
                               [this](Result<void> kept) {
                                   if (!kept)
                                       spdlog::error("cannot keep a failed report: {}", kept.error().message);
                                   composing_.reset();
                                   pump();
                               });
}

}  // namespace hilum
