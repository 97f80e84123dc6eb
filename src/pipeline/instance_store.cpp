#include "pipeline/instance_store.h"

#include <algorithm>

#include "base/calendar_date.h"

namespace hilum {
namespace {

struct Version {
    std::int64_t id = 0;
    std::int64_t version = 0;
    std::string analysis_sha256;
};

std::optional<Version> newest_version(Database& database, const std::string& sop_instance_uid) {
    std::optional<Version> newest;
    database.each(
        "SELECT id, (SELECT max(version) FROM instance WHERE sop_instance_uid = ?1), analysis_sha256 FROM "
        "instance"
        " WHERE sop_instance_uid = ?1 AND state IN ('to_analyse', 'prior') ORDER BY version DESC LIMIT 1",
        [&](SQLite::Statement& row) {
            newest = Version{row.getColumn(0).getInt64(), row.getColumn(1).getInt64(),
                             row.getColumn(2).getString()};
        },
        sop_instance_uid);
    return newest;
}

audit::AuditEvent event_for(const char* type, const ReceivedHeader& header, const std::string& calling_ae,
                            const std::string& peer) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = calling_ae + "@" + peer;
    event.study_instance_uid = header.study_instance_uid;
    event.sop_instance_uid = header.sop_instance_uid;
    event.patient_id = header.patient_id;
    event.detail = {{"sop_class_uid", header.sop_class_uid},
                    {"transfer_syntax_uid", header.transfer_syntax_uid},
                    {"accession_number", header.accession_number},
                    {"modality", header.modality}};
    return event;
}

void supersede(Database& database, std::int64_t instance_id, std::int64_t now) {
    database.execute("UPDATE instance SET state = 'superseded' WHERE id = ?", instance_id);
    database.execute(
        "UPDATE analysis SET state = 'discarded', error = 'a newer version of the instance came', updated_at "
        "= ?"
        " WHERE instance_id = ? AND state IN ('queued', 'running', 'quarantined')",
        now, instance_id);
}

}  // namespace

StoreAnswer InstanceStore::store(Database& database, const StoreCommit& commit) const {
    const ReceivedHeader& header = commit.header;
    const Timestamp time = now();
    const std::int64_t at = to_microseconds(time);
    auto event = event_for("instance_received", header, commit.calling_ae, commit.peer);
    event.detail["sha256"] = commit.dataset_sha256;

    const auto answer = [&](bool keep_file, const char* outcome) {
        event.detail["outcome"] = outcome;
        database.append_audit(event);
        database.count("instances_received", {{"outcome", outcome}});
        return StoreAnswer{true, keep_file, outcome};
    };

    if (database.number("SELECT 1 FROM result WHERE sop_instance_uid = ?", header.sop_instance_uid)) {
        event.detail["reason"] = "own_result";
        return answer(false, "discarded");
    }
    if (database.number("SELECT 1 FROM instance WHERE sop_instance_uid = ? AND dataset_sha256 = ?",
                        header.sop_instance_uid, commit.dataset_sha256))
        return answer(false, "duplicate");

    const auto newest = newest_version(database, header.sop_instance_uid);
    const bool as_before = newest && newest->analysis_sha256 == commit.analysis_sha256;
    const bool prior = is_prior(header.study_date, time);
    if (newest && !as_before) supersede(database, newest->id, at);

    const std::int64_t study_id = upsert_study(database, header, at);
    database.execute(
        "INSERT INTO instance(study_id, sop_instance_uid, sop_class_uid, series_instance_uid, "
        "transfer_syntax_uid,"
        " modality, file, size, dataset_sha256, analysis_sha256, calling_ae, peer, state, version, "
        "received_at)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        study_id, header.sop_instance_uid, header.sop_class_uid, header.series_instance_uid,
        header.transfer_syntax_uid, header.modality, commit.file, commit.size, commit.dataset_sha256,
        commit.analysis_sha256, commit.calling_ae, commit.peer,
        as_before ? "kept"
        : prior   ? "prior"
                  : "to_analyse",
        newest ? newest->version + 1 : 1, at);
    if (!as_before && !prior) enqueue(database, study_id, database.last_id(), at);
    if (newest) return answer(true, "new_version");
    return answer(true, prior ? "prior" : "stored");
}

StoreAnswer InstanceStore::discard(Database& database, const DiscardCommit& commit) const {
    auto event = event_for("instance_discarded", commit.header, commit.calling_ae, commit.peer);
    event.detail["reason"] = commit.reason;
    database.append_audit(event);
    database.count("instances_received", {{"outcome", "discarded"}});
    return {true, false, "discarded"};
}

std::int64_t InstanceStore::upsert_study(Database& database, const ReceivedHeader& header,
                                         std::int64_t at) const {
    database.execute(
        "INSERT INTO study(study_instance_uid, accession_number, patient_id, study_date, created_at)"
        " VALUES(?, ?, ?, ?, ?) ON CONFLICT(study_instance_uid) DO UPDATE SET"
        " accession_number = excluded.accession_number, patient_id = excluded.patient_id,"
        " study_date = excluded.study_date",
        header.study_instance_uid, header.accession_number, header.patient_id, header.study_date, at);
    return *database.number("SELECT id FROM study WHERE study_instance_uid = ?", header.study_instance_uid);
}

void InstanceStore::enqueue(Database& database, std::int64_t study_id, std::int64_t instance_id,
                            std::int64_t at) const {
    for (const auto& model : models_)
        database.execute(
            "INSERT INTO analysis(instance_id, model, state, next_attempt_at, created_at, updated_at)"
            " VALUES(?, ?, 'queued', ?, ?, ?)",
            instance_id, model, at, at, at);
    if (models_.empty()) return;
    const std::int64_t idle = study_.idle_timeout.count(), longest = study_.max_wait.count();
    database.execute(
        "UPDATE study SET last_arrival_at = ?1, first_pending_at = coalesce(first_pending_at, ?1),"
        " due_at = min(?1 + ?2, coalesce(first_pending_at, ?1) + ?3) WHERE id = ?4",
        at, idle, longest, study_id);
}

bool InstanceStore::is_prior(const std::string& study_date, Timestamp time) const {
    const auto date = parse_date(study_date);
    if (!study_.max_age || !date) return false;  // unknown age: a new one, as far as we know
    // The study may have been made at any time of its day, and in any time zone: give it a day.
    return time - std::chrono::sys_days(*date) > *study_.max_age + std::chrono::hours(24);
}

void InstanceStore::close_study(Database& database, const std::string& study_instance_uid) {
    database.execute("UPDATE study SET due_at = ? WHERE study_instance_uid = ? AND due_at IS NOT NULL",
                     to_microseconds(now()), study_instance_uid);
}

}  // namespace hilum
