#include "store/retention/removal.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <climits>

#include "store/audit/audit_event.h"
#include "store/data_history.h"
#include "store/database/sql.h"
#include "store/jobs/study_named.h"
#include "store/retention/removed_files.h"

namespace hilum {
namespace {

constexpr int most_removed = 20;         // studies in one transaction, so that receiving does not wait
constexpr int most_removed_files = 100;  // objects or captures, likewise
constexpr int all = INT_MAX;

// The youngest that a study may be to go by its age: younger ones need not be looked at.
std::optional<Duration> shortest_age(const RetentionSettings& settings) {
    std::optional<Duration> shortest;
    for (const auto& one : {settings.keep, settings.keep_priors, settings.keep_failed})
        if (one && (!shortest || *one < *shortest)) shortest = one;
    return shortest;
}

bool can_go(std::int64_t received_at, const RemovalRules& rules, Timestamp now) {
    if (rules.for_budget) return true;
    const auto shortest = shortest_age(rules.settings);
    return rules.ages_count && shortest && from_microseconds(received_at) + *shortest <= now;
}

// What the artifacts and results have that nobody has measured counts nothing.
constexpr const char* bytes_of_study =
    "SELECT sum(files), sum(bytes) FROM (SELECT count(*) AS files, sum(size) AS bytes FROM instance WHERE"
    " study_id = ?1 AND removed_at IS NULL UNION ALL SELECT count(*), sum(bytes) FROM analysis WHERE artifact"
    " != '' AND instance_id IN (SELECT id FROM instance WHERE study_id = ?1) UNION ALL SELECT count(*),"
    " sum(bytes) FROM result WHERE removed_at IS NULL AND report_id IN (SELECT id FROM report WHERE study_id"
    " = ?1))";

void take_files(Transaction& transaction, std::int64_t study) {
    const auto at = transaction.at();
    sql::execute(transaction,
                 "INSERT OR IGNORE INTO removal(study_id, folder, file) SELECT study_id, 'spool', file FROM"
                 " instance WHERE study_id = ?1 AND removed_at IS NULL UNION ALL SELECT study_id, 'results',"
                 " file FROM result JOIN report ON report.id = report_id WHERE study_id = ?1 AND removed_at"
                 " IS NULL",
                 study);
    // Their names are noted by the trigger "artifact_changes".
    sql::execute(transaction,
                 "UPDATE analysis SET artifact = NULL WHERE artifact != '' AND instance_id IN (SELECT id FROM"
                 " instance WHERE study_id = ?)",
                 study);
    sql::execute(transaction, "UPDATE instance SET removed_at = ? WHERE study_id = ? AND removed_at IS NULL",
                 at, study);
    sql::execute(transaction,
                 "UPDATE result SET removed_at = coalesce(removed_at, ?), bytes = NULL, on_demand = 0 WHERE"
                 " report_id IN (SELECT id FROM report WHERE study_id = ?)",
                 at, study);
    sql::execute(transaction, "UPDATE study SET removed_at = ?, damage = '' WHERE id = ?", at, study);
    // Nothing can be made of these any more.
    sql::execute(
        transaction,
        "UPDATE job SET state = 'discarded', outcome = '', error = iif(error = '', '', error || '; ') ||"
        " 'given up by retention.keep_failed', updated_at = ? WHERE study_id = ? AND state ="
        " 'set_aside'",
        at, study);
}

void tell(Transaction& transaction, const StoredStudy& study, RemovalReason reason,
          const RemovedBytes& removed) {
    audit::AuditEvent event;
    event.type = "study_removed";
    event.actor = "hilum";
    event.study_instance_uid = study.study_instance_uid;
    event.detail = {{"reason", enum_text(reason)}, {"files", removed.files}, {"bytes", removed.bytes}};
    // It never came to its end.
    if (reason == RemovalReason::failed) event.outcome = "failure";
    transaction.append_audit(event);
    const Labels labels{{"reason", enum_string(reason)}};
    transaction.count("removed_studies", labels);
    transaction.count("removed_files", labels, removed.files);
    transaction.count("removed_bytes", labels, removed.bytes);
    if (reason == RemovalReason::failed)
        spdlog::warn(
            "study {} in the database waited for an operator longer than retention.keep_failed: its files go",
            study.id);
}

// ---- files of studies that stay ----

struct DueRow {
    std::int64_t id = 0, bytes = 0, study = 0;
    std::string study_instance_uid;
};

// ?1: what is at most so young, ?2: how many.
constexpr const char* replaced_objects =
    "SELECT instance.id, size, study.id, study.study_instance_uid FROM instance JOIN study ON study.id = "
    "study_id WHERE"
    " instance.removed_at IS NULL AND state = 'superseded' AND held_at IS NULL AND study.received_at <= ?1 "
    "AND NOT EXISTS (SELECT 1"
    " FROM job WHERE job.study_id = study.id AND (job.state = 'running' OR (job.state IN ('queued',"
    " 'set_aside') AND job.lane = 'compose'))) LIMIT ?2";
constexpr const char* sent_captures =
    "SELECT result.id, bytes, study.id, study.study_instance_uid FROM result JOIN report ON report.id = "
    "report_id JOIN study ON"
    " study.id = study_id WHERE result.kind = 'sc' AND result.removed_at IS NULL AND result.created_at <= ?1 "
    "AND held_at"
    " IS NULL AND due_at IS NULL AND study.damage = '' AND NOT EXISTS (SELECT 1 FROM job WHERE job.study_id ="
    " study.id AND (job.state IN ('queued', 'running', 'set_aside') OR job.updated_at > ?1)) LIMIT ?2";

// How old such a file must be to go now; nothing: it stays.
std::optional<Duration> age_of(const std::optional<Duration>& keep, const RemovalRules& rules) {
    const auto by_age = rules.ages_count ? keep : std::nullopt;
    if (!rules.for_budget) return by_age;
    return by_age ? std::min(*by_age, rules.quiet) : rules.quiet;
}

std::vector<DueRow> rows_due(Transaction& transaction, const char* sql, const std::optional<Duration>& age,
                             int most) {
    std::vector<DueRow> rows;
    if (!age) return rows;
    const auto before = transaction.at() - age->count();
    if (before < known_since(transaction)) return rows;
    sql::each(
        transaction, sql,
        [&](const sql::Row& row) {
            rows.push_back({row.int64(0), row.int64(1), row.int64(2), row.text(3)});
        },
        before, most);
    return rows;
}

RemovedBytes total_of(const std::vector<DueRow>& rows) {
    RemovedBytes total;
    for (const auto& row : rows) total = {total.files + 1, total.bytes + row.bytes};
    return total;
}

FilesByStudy sum_by_study(const std::vector<DueRow>& rows) {
    FilesByStudy all;
    for (const auto& row : rows) {
        auto& files = all[row.study];
        files = {files.files + 1, files.bytes + row.bytes};
    }
    return all;
}

// An event for each study, so that the trail tells whose files went.
RemovalStep told_step(Transaction& transaction, audit::AuditEvent event, RemovalReason reason,
                      const std::vector<DueRow>& removed) {
    const auto total = total_of(removed);
    const RemovalStep step{{}, total.files < most_removed_files, static_cast<int>(total.files), total.bytes};
    if (step.removed == 0) return step;
    const Labels labels{{"reason", enum_string(reason)}};
    transaction.count("removed_files", labels, step.removed);
    transaction.count("removed_bytes", labels, step.bytes);
    std::map<std::string, RemovedBytes> by_study;
    for (const auto& row : removed) {
        auto& files = by_study[row.study_instance_uid];
        files = {files.files + 1, files.bytes + row.bytes};
    }
    event.actor = "hilum";
    for (const auto& [study_instance_uid, files] : by_study) {
        event.study_instance_uid = study_instance_uid;
        event.detail = {{"files", files.files}, {"bytes", files.bytes}};
        transaction.append_audit(event);
    }
    return step;
}

std::string words_of(std::int64_t removed_at) {
    return fmt::format(
        "its files were removed on {} (retention): its results are where they were sent; to make something "
        "of "
        "it here, have its images sent again first",
        to_iso8601(from_microseconds(removed_at)));
}

}  // namespace

std::optional<RemovalReason> why_removed(const StoredStudy& study, const RemovalRules& rules, Timestamp now) {
    if (study.held || study.busy) return std::nullopt;
    const auto age = now - from_microseconds(study.last_at);
    const auto reached = [&](const std::optional<Duration>& keep) {
        return rules.ages_count && keep && age >= *keep;
    };
    const auto& settings = rules.settings;
    if (study.failed)
        return reached(settings.keep_failed) ? std::optional(RemovalReason::failed) : std::nullopt;
    if (study.only_priors && reached(settings.keep_priors)) return RemovalReason::prior;
    if (reached(settings.keep)) return RemovalReason::age;
    // What is of a time to come is of a clock that was wrong.
    if (rules.for_budget && (age >= rules.quiet || age < Duration::zero())) return RemovalReason::budget;
    return std::nullopt;
}

std::vector<StoredStudy> studies_on_disk(Transaction& transaction, const StudyCursor& cursor) {
    std::vector<StoredStudy> studies;
    sql::each(
        transaction,
        "SELECT id, received_at, study_instance_uid, held_at IS NOT NULL, due_at IS NOT NULL OR EXISTS "
        "(SELECT"
        " 1 FROM job WHERE job.study_id = study.id AND state IN ('queued', 'running')), EXISTS (SELECT 1 FROM"
        " job WHERE job.study_id = study.id AND state = 'set_aside') OR study.damage != '', NOT EXISTS"
        " (SELECT 1 FROM instance WHERE study_id = study.id AND state = 'to_analyse'), max(received_at, ?4,"
        " coalesce((SELECT max(updated_at) FROM job WHERE job.study_id = study.id), 0)) FROM study WHERE"
        " removed_at IS NULL AND (received_at, id) > (?1, ?2) ORDER BY received_at, id LIMIT ?3",
        [&](const sql::Row& row) {
            studies.push_back({row.int64(0), row.int64(1), row.text(2), row.int32(3) != 0, row.int32(4) != 0,
                               row.int32(5) != 0, row.int32(6) != 0, row.int64(7)});
        },
        cursor.received_at, cursor.id, most_examined, known_since(transaction));
    return studies;
}

RemovedBytes files_of(Transaction& transaction, std::int64_t study) {
    RemovedBytes found;
    sql::each(
        transaction, bytes_of_study,
        [&](const sql::Row& row) {
            found = {row.int64(0), row.int64(1)};
        },
        study);
    return found;
}

RemovalStep remove_studies(Transaction& transaction, const StudyCursor& cursor, const RemovalRules& rules,
                           std::int64_t enough) {
    RemovalStep step{cursor, false, 0, 0};
    const auto studies = studies_on_disk(transaction, cursor);
    for (const auto& study : studies) {
        if (step.removed == most_removed) return step;
        auto its = rules;
        its.for_budget = rules.for_budget && step.bytes < enough;
        if (!can_go(study.received_at, its, transaction.now())) {
            step.through = true;
            return step;
        }
        step.cursor = {study.received_at, study.id};
        const auto reason = why_removed(study, its, transaction.now());
        if (!reason) continue;
        const auto removed = files_of(transaction, study.id);
        take_files(transaction, study.id);
        tell(transaction, study, *reason, removed);
        ++step.removed;
        step.bytes += removed.bytes;
    }
    step.through = studies.size() < static_cast<std::size_t>(most_examined);
    return step;
}

FilesByStudy replaced_objects_due(Transaction& transaction, const RemovalRules& rules) {
    return sum_by_study(
        rows_due(transaction, replaced_objects, age_of(rules.settings.keep_replaced, rules), all));
}

RemovalStep remove_replaced_objects(Transaction& transaction, const RemovalRules& rules) {
    const auto age = age_of(rules.settings.keep_replaced, rules);
    const auto objects = rows_due(transaction, replaced_objects, age, most_removed_files);
    for (const auto& object : objects) {
        sql::execute(
            transaction,
            "INSERT OR IGNORE INTO removal(study_id, folder, file) SELECT study_id, 'spool', file FROM"
            " instance WHERE id = ?",
            object.id);
        sql::execute(transaction,
                     "UPDATE analysis SET artifact = NULL WHERE artifact != '' AND instance_id = ?",
                     object.id);
        sql::execute(transaction, "UPDATE instance SET removed_at = ? WHERE id = ?", transaction.at(),
                     object.id);
    }
    audit::AuditEvent event;
    event.type = "replaced_objects_removed";
    return told_step(transaction, std::move(event), RemovalReason::replaced, objects);
}

FilesByStudy sent_captures_due(Transaction& transaction, const RemovalRules& rules) {
    return sum_by_study(
        rows_due(transaction, sent_captures, age_of(rules.settings.keep_captures, rules), all));
}

RemovalStep remove_sent_captures(Transaction& transaction, const RemovalRules& rules) {
    const auto age = age_of(rules.settings.keep_captures, rules);
    const auto captures = rows_due(transaction, sent_captures, age, most_removed_files);
    for (const auto& capture : captures)
        take_result_file(transaction, capture.id, ResultFile::can_be_made_again);
    audit::AuditEvent event;
    event.type = "captures_removed";
    return told_step(transaction, std::move(event), RemovalReason::delivered, captures);
}

std::string words_for_removed(Transaction& transaction, const std::string& study_instance_uid,
                              const std::string& accession_number) {
    const auto removed_at =
        sql::number(transaction,
                    "SELECT max(removed_at) FROM study WHERE " HILUM_STUDY_NAMED(
                        "?1", "?2") " HAVING count(*) > 0 AND count(*) = count(removed_at)",
                    study_instance_uid, accession_number);
    return removed_at ? words_of(*removed_at) : "";
}

std::string words_for_removed_job(Transaction& transaction, const std::string& kind, std::int64_t id) {
    if (kind == "instance") {
        const auto at = sql::number(transaction, "SELECT removed_at FROM instance WHERE id = ?", id);
        return at ? words_of(*at) : "";
    }
    const auto removed_at = sql::number(
        transaction,
        "SELECT coalesce(instance.removed_at, study.removed_at) FROM job JOIN study ON study.id = "
        "job.study_id"
        " LEFT JOIN analysis ON job.kind = 'analysis' AND analysis.id = subject LEFT JOIN instance ON"
        " instance.id = instance_id WHERE job.kind = ? AND subject = ?",
        kind, id);
    return removed_at ? words_of(*removed_at) : "";
}

}  // namespace hilum
