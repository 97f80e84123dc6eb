#include "simulation/ledger.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "store/audit/audit_event.h"

namespace hilum::simulation {
namespace {

// Every job, its state as a word of JobState.
constexpr const char* all_jobs =
    "SELECT CASE job.kind WHEN 'analysis' THEN 0 WHEN 'report' THEN 1 WHEN 'delivery' THEN 2 ELSE 3 END AS "
    "lane,"
    " job.subject AS id, CASE job.state WHEN 'queued' THEN 0 WHEN 'running' THEN 1 WHEN 'done' THEN 2"
    " WHEN 'set_aside' THEN 3 ELSE 4 END AS state, study_instance_uid AS study,"
    " coalesce(instance.sop_instance_uid, result.sop_instance_uid, report.version) AS subject,"
    " iif(job.kind = 'report', report.model, queue) AS target, attempt, due, word AS outcome,"
    " coalesce(dataset_sha256, '') AS dataset_sha256, coalesce(frame, 0) AS frame"
    " FROM job JOIN study ON study.id = job.study_id"
    " LEFT JOIN analysis ON job.kind = 'analysis' AND analysis.id = job.subject"
    " LEFT JOIN instance ON instance.id = analysis.instance_id"
    " LEFT JOIN report ON job.kind = 'report' AND report.id = job.subject"
    " LEFT JOIN delivery ON job.kind IN ('delivery', 'commitment') AND delivery.id = job.subject"
    " LEFT JOIN result ON result.id = delivery.result_id";

Job job_of(SQLite::Statement& row) {
    Job job;
    job.lane = static_cast<Lane>(row.getColumn(0).getInt());
    job.id = row.getColumn(1).getInt64();
    job.state = static_cast<JobState>(row.getColumn(2).getInt());
    job.study_instance_uid = row.getColumn(3).getString();
    job.subject = row.getColumn(4).getString();
    job.target = row.getColumn(5).getString();
    job.attempts = row.getColumn(6).getInt();
    job.next_attempt_at = row.getColumn(7).getInt64();
    job.outcome = row.getColumn(8).getString();
    return job;
}

constexpr const char* all_results =
    "SELECT result.kind, sop_instance_uid, study_instance_uid, report.model, file, sha256, report.version,"
    " withdrawn, result.removed_at IS NOT NULL FROM result JOIN report ON report.id = report_id JOIN study "
    "ON study.id = study_id";

StoredResult result_of(SQLite::Statement& row) {
    return {row.getColumn(0).getString(), row.getColumn(1).getString(),   row.getColumn(2).getString(),
            row.getColumn(3).getString(), row.getColumn(4).getString(),   row.getColumn(5).getString(),
            row.getColumn(6).getInt(),    row.getColumn(7).getInt() != 0, row.getColumn(8).getInt() != 0};
}

}  // namespace

const char* word_of(Lane lane) {
    constexpr const char* words[] = {"analyse", "compose", "deliver", "commit"};
    return words[static_cast<int>(lane)];
}

const char* word_of(JobState state) {
    constexpr const char* words[] = {"waiting", "running", "done", "set aside", "discarded"};
    return words[static_cast<int>(state)];
}

const char* operators_word_of(Lane lane) {
    constexpr const char* words[] = {"analysis", "report", "delivery", "delivery"};
    return words[static_cast<int>(lane)];
}

Ledger::Ledger(std::filesystem::path database) : file_(std::move(database)) {}
Ledger::~Ledger() = default;

SQLite::Statement& Ledger::prepared(const std::string& sql) {
    if (!database_)
        database_ = std::make_unique<SQLite::Database>(file_.string(),
                                                       SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, 5000);
    auto& statement = statements_[sql];
    if (!statement) statement = std::make_unique<SQLite::Statement>(*database_, sql);
    return *statement;
}

SQLite::Database& Ledger::open_to_write() {
    if (!written_)
        written_ = std::make_unique<SQLite::Database>(file_.string(), SQLite::OPEN_READWRITE, 5000);
    return *written_;
}

template <typename Row, typename... Args>
void Ledger::each(const std::string& sql, Row row, const Args&... args) {
    auto& statement = prepared(sql);
    // What it reads ends with it, whatever is thrown: who reads for long holds the checkpoints up.
    const std::unique_ptr<SQLite::Statement, void (*)(SQLite::Statement*)> done(
        &statement, [](SQLite::Statement* used) { used->tryReset(); });
    int index = 0;
    (statement.bind(++index, args), ...);
    while (statement.executeStep()) row(statement);
}

std::optional<StoredImage> Ledger::image(const std::string& sop_instance_uid,
                                         const std::string& dataset_sha256) {
    std::optional<StoredImage> found;
    each(
        "SELECT file, size, state = 'to_analyse', state = 'prior', removed_at IS NOT NULL FROM instance "
        "WHERE sop_instance_uid = ? "
        "AND"
        " dataset_sha256 = ?",
        [&](SQLite::Statement& row) {
            found = StoredImage{row.getColumn(0).getString(),
                                static_cast<std::uint64_t>(row.getColumn(1).getInt64()),
                                row.getColumn(2).getInt() != 0, row.getColumn(3).getInt() != 0,
                                row.getColumn(4).getInt() != 0};
        },
        sop_instance_uid, dataset_sha256);
    return found;
}

bool Ledger::is_damaged(const std::string& sop_instance_uid) {
    bool damaged = false;
    each(
        "SELECT 1 FROM instance WHERE (sop_instance_uid = ?1 OR ?1 = '') AND damaged_at IS NOT NULL AND "
        "state "
        "= 'to_analyse'",
        [&](SQLite::Statement&) { damaged = true; }, sop_instance_uid);
    return damaged;
}

std::optional<Job> Ledger::analysis(const std::string& sop_instance_uid, const std::string& dataset_sha256,
                                    const std::string& model, int frame) {
    std::optional<Job> found;
    each(
        std::string(all_jobs) +
            " WHERE job.lane = 'analyse/' || ? AND job.subject IN (SELECT analysis.id FROM analysis JOIN "
            "instance"
            " ON instance.id = instance_id WHERE sop_instance_uid = ? AND dataset_sha256 = ? AND frame = ?)",
        [&](SQLite::Statement& row) { found = job_of(row); }, model, sop_instance_uid, dataset_sha256, frame);
    return found;
}

std::optional<Job> Ledger::report(std::int64_t id) {
    std::optional<Job> found;
    each(
        std::string(all_jobs) + " WHERE job.lane = 'compose' AND job.subject = ?",
        [&](SQLite::Statement& row) { found = job_of(row); }, id);
    return found;
}

std::optional<Job> Ledger::delivery(const std::string& destination, const std::string& sop_instance_uid) {
    std::optional<Job> found;
    each(
        std::string(all_jobs) +
            " WHERE job.lane = 'deliver/' || ? AND job.subject IN (SELECT delivery.id FROM delivery JOIN "
            "result"
            " ON result.id = result_id WHERE sop_instance_uid = ?)",
        [&](SQLite::Statement& row) { found = job_of(row); }, destination, sop_instance_uid);
    return found;
}

std::optional<StoredResult> Ledger::result(const std::string& sop_instance_uid) {
    std::optional<StoredResult> found;
    each(
        std::string(all_results) + " WHERE sop_instance_uid = ?",
        [&](SQLite::Statement& row) { found = result_of(row); }, sop_instance_uid);
    return found;
}

std::vector<StoredResult> Ledger::results() {
    std::vector<StoredResult> all;
    each(all_results, [&](SQLite::Statement& row) { all.push_back(result_of(row)); });
    return all;
}

std::vector<Job> Ledger::jobs() {
    std::vector<Job> all;
    each(all_jobs, [&](SQLite::Statement& row) { all.push_back(job_of(row)); });
    return all;
}

std::map<std::string, int> Ledger::running() {
    std::map<std::string, int> counts;
    each(
        "SELECT iif(lane = 'compose', lane, replace(lane, '/', ' ')), count(*) FROM job WHERE state = "
        "'running' AND owner = (SELECT number FROM life)"
        " GROUP BY lane",
        [&](SQLite::Statement& row) { counts[row.getColumn(0).getString()] = row.getColumn(1).getInt(); });
    return counts;
}

std::vector<std::string> Ledger::unfinished() {
    std::vector<std::string> all;
    each(std::string("SELECT * FROM (") + all_jobs + ") WHERE state < 2", [&](SQLite::Statement& row) {
        const auto job = job_of(row);
        all.push_back(fmt::format("{} {} {} for {}: {}, {} attempts", word_of(job.lane), job.id, job.subject,
                                  job.target, job.outcome, job.attempts));
    });
    each("SELECT folder || '/' || file FROM removal",
         [&](SQLite::Statement& row) { all.push_back(row.getColumn(0).getString() + " is to be unlinked"); });
    each("SELECT study_instance_uid FROM study WHERE due_at IS NOT NULL",
         [&](SQLite::Statement& row) { all.push_back("study " + row.getColumn(0).getString() + " is due"); });
    return all;
}

bool Ledger::has_results_of_nobody(std::int64_t report) {
    bool any = false;
    each(
        "SELECT 1 FROM result JOIN job ON lane = 'compose' AND job.subject = report_id JOIN report ON "
        "report.id = "
        "report_id WHERE report_id = ? AND report.composed_anew = 0 AND job.state IN ('queued', 'running') "
        "AND "
        "error_code = '' AND result.created_at >= job.created_at",
        [&](SQLite::Statement&) { any = true; }, report);
    return any;
}

std::vector<std::string> Ledger::refused_early(int refusals) {
    std::vector<std::string> all;
    each(
        "SELECT sop_instance_uid || ' to ' || queue FROM job JOIN delivery ON delivery.id = subject JOIN "
        "result"
        " ON result.id = result_id JOIN report ON report.id = report_id WHERE job.kind = 'delivery' AND word "
        "= "
        "'refused' AND max(refusals, commitment_refusals) < ? AND error_code != 'result_differs' AND "
        "(error_code != 'result_damaged' OR "
        "(report.composed_anew < 2 AND NOT "
        "EXISTS (SELECT 1 FROM job AS its WHERE its.lane = 'compose' AND its.subject = report.id AND "
        "its.word = 'quarantined')))",
        [&](SQLite::Statement& row) { all.push_back(row.getColumn(0).getString()); }, refusals);
    return all;
}

bool Ledger::let_lease_pass(std::int64_t report) {
    SQLite::Statement passes(
        open_to_write(),
        "UPDATE job SET lease = 0 WHERE lane = 'compose' AND subject = ? AND state = 'running'");
    passes.bind(1, report);
    return passes.exec() > 0;
}

bool Ledger::lose_owner(const std::string& lane, std::int64_t lease) {
    SQLite::Statement lost(open_to_write(),
                           "UPDATE job SET state = 'running', attempt = attempt + 1, owner = 0, claim = 0,"
                           " lease = ? WHERE id = (SELECT id FROM job WHERE state = 'queued' AND lane = ?"
                           " ORDER BY id DESC LIMIT 1)");
    lost.bind(1, lease);
    lost.bind(2, lane);
    return lost.exec() > 0;
}

std::set<std::string> Ledger::withdrawn_studies() {
    std::set<std::string> all;
    each("SELECT study_instance_uid FROM study WHERE withdrawn_at IS NOT NULL",
         [&](SQLite::Statement& row) { all.insert(row.getColumn(0).getString()); });
    return all;
}

std::map<std::string, int> Ledger::instance_versions() {
    std::map<std::string, int> all;
    each("SELECT sop_instance_uid, count(*) FROM instance GROUP BY 1",
         [&](SQLite::Statement& row) { all[row.getColumn(0).getString()] = row.getColumn(1).getInt(); });
    return all;
}

std::set<std::string> Ledger::files_unknown(std::set<std::string> files) {
    each("SELECT file FROM instance WHERE removed_at IS NULL",
         [&](SQLite::Statement& row) { files.erase(row.getColumn(0).getString()); });
    return files;
}

std::set<std::string> Ledger::artifacts() {
    std::set<std::string> all;
    each("SELECT artifact FROM analysis WHERE artifact != ''",
         [&](SQLite::Statement& row) { all.insert(row.getColumn(0).getString()); });
    return all;
}

std::set<std::string> Ledger::studies_with_removals() {
    std::set<std::string> all;
    each(
        "SELECT study_instance_uid FROM study WHERE EXISTS (SELECT 1 FROM audit_event WHERE type = "
        "'study_removed' AND audit_event.study_instance_uid = study.study_instance_uid)",
        [&](SQLite::Statement& row) { all.insert(row.getColumn(0).getString()); });
    return all;
}

std::vector<std::string> Ledger::removed_early() {
    std::vector<std::string> all;
    each(
        "SELECT sop_instance_uid || ' for ' || job.lane || ' is ' || word FROM result JOIN delivery ON "
        "result_id = "
        "result.id JOIN job ON subject = delivery.id AND lane IN ('deliver/' || destination, 'commit/' || "
        "destination) WHERE result.removed_at IS NOT NULL AND on_demand = 0 AND state IN ('queued', "
        "'running', 'set_aside') "
        "UNION "
        "ALL SELECT sop_instance_uid || ' is ' || word FROM instance JOIN analysis ON instance_id = "
        "instance.id "
        "JOIN job ON lane = 'analyse/' || model AND subject = analysis.id WHERE removed_at IS NOT NULL AND "
        "instance.state = 'to_analyse' AND job.state IN ('queued', 'running', 'set_aside') UNION ALL SELECT "
        "study_instance_uid || ' is held' FROM audit_event AS removed WHERE type = 'study_removed' AND "
        "EXISTS "
        "(SELECT 1 FROM audit_event AS held WHERE held.type = 'study_held' AND held.study_instance_uid = "
        "removed.study_instance_uid AND held.id < removed.id) UNION ALL SELECT sop_instance_uid || ' was "
        "never asked to be committed' FROM result JOIN "
        "delivery "
        "ON result_id = result.id JOIN job ON subject = delivery.id AND lane = 'deliver/pacs' JOIN report ON "
        "report.id = report_id WHERE destination = 'pacs' AND withdrawn = 0 AND "  // nobody asks for what was
        "result.removed_at IS NOT NULL AND word = 'delivered' AND NOT EXISTS (SELECT 1 FROM job "
        "AS asked "
        "WHERE asked.lane = 'commit/pacs' AND asked.subject = delivery.id)",
        [&](SQLite::Statement& row) { all.push_back(row.getColumn(0).getString()); });
    return all;
}

Ledger::Kept Ledger::kept_bytes() {
    Kept kept;
    each("SELECT sum(bytes) FROM stored_total",
         [&](SQLite::Statement& row) { kept.bytes = row.getColumn(0).getInt64(); });
    each(
        "SELECT sum(objects + artifacts + results) FROM (SELECT (SELECT coalesce(sum(size), 0) FROM instance "
        "WHERE "
        "study_id = study.id AND removed_at IS NULL) AS objects, (SELECT coalesce(sum(bytes), 0) FROM "
        "analysis JOIN "
        "instance ON instance.id = instance_id WHERE study_id = study.id) AS artifacts, (SELECT "
        "coalesce(sum(bytes), "
        "0) FROM result JOIN report ON report.id = report_id WHERE study_id = study.id) AS results FROM "
        "study WHERE "
        "held_at IS NOT NULL OR EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND state = "
        "'set_aside'))",
        [&](SQLite::Statement& row) { kept.must_stay = row.getColumn(0).getInt64(); });
    return kept;
}

std::vector<Event> Ledger::events(std::int64_t& broken) {
    std::vector<Event> all;
    std::string hash = audit::first_hash;
    broken = 0;
    each(
        "SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail, hash"
        " FROM audit_event ORDER BY id",
        [&](SQLite::Statement& row) {
            audit::AuditEvent event{row.getColumn(0).getInt64(),
                                    row.getColumn(1).getInt64(),
                                    row.getColumn(2).getString(),
                                    row.getColumn(3).getString(),
                                    row.getColumn(4).getString(),
                                    row.getColumn(5).getString(),
                                    row.getColumn(6).getString(),
                                    row.getColumn(7).getString(),
                                    nlohmann::json::parse(row.getColumn(8).getString())};
            hash = audit::chain_hash(hash, event);
            const bool fits =
                hash == row.getColumn(9).getString() && event.id == static_cast<std::int64_t>(all.size()) + 1;
            if (!fits && broken == 0) broken = event.id;
            all.push_back({event.id, event.type, event.outcome, event.study_instance_uid,
                           event.sop_instance_uid, std::move(event.detail)});
        });
    return all;
}

}  // namespace hilum::simulation
