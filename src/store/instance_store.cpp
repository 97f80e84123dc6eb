#include "store/instance_store.h"

#include <algorithm>
#include <filesystem>

#include "store/audit/audit_event.h"
#include "store/data_history.h"
#include "store/database/sql.h"
#include "store/jobs/callers.h"
#include "store/jobs/claim.h"
#include "store/jobs/damaged_objects.h"
#include "store/moved_images.h"
#include "store/recovery/earlier_life.h"

namespace hilum {
namespace {

std::string sender_of(const StoreCommit& commit) {
    return commit.calling_ae + "@" + commit.peer;
}

audit::AuditEvent event_for(const char* type, const ReceivedHeader& header, const std::string& actor) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = actor;
    event.study_instance_uid = header.study_instance_uid;
    event.sop_instance_uid = header.sop_instance_uid;
    event.patient_id = header.patient_id;
    event.detail = {{"sop_class_uid", header.sop_class_uid},
                    {"transfer_syntax_uid", header.transfer_syntax_uid},
                    {"accession_number", header.accession_number},
                    {"modality", header.modality}};
    return event;
}

void supersede(Transaction& transaction, std::int64_t instance_id, std::int64_t now) {
    sql::execute(transaction, "UPDATE instance SET state = 'superseded' WHERE id = ?", instance_id);
    sql::execute(
        transaction,
        "UPDATE job SET state = 'discarded', outcome = '', owner = NULL, lease = NULL,"
        " error = 'a newer version of the instance came', updated_at = ? WHERE id IN (SELECT job.id FROM"
        " analysis JOIN job ON lane = 'analyse/' || model AND subject = analysis.id WHERE instance_id = ?"
        " AND word IN ('queued', 'running', 'quarantined'))",
        now, instance_id);
}

// What came in place of a file that is gone is kept for as long as what came first; so is what an image left.
void keep_anew(Transaction& transaction, std::int64_t study_id, std::int64_t received_at) {
    sql::execute(transaction, "UPDATE study SET received_at = ? WHERE id = ?", received_at, study_id);
}

audit::AuditEvent event_of(const char* type, const StoreCommit& commit) {
    auto event = event_for(type, commit.header, sender_of(commit));
    event.detail["sha256"] = commit.dataset_sha256;
    return event;
}

// `state`: to_analyse | prior | kept | superseded; `why`: of a prior.
std::int64_t insert(Transaction& transaction, const StoreCommit& commit, std::int64_t study_id,
                    const char* state, const std::string& why, std::int64_t version,
                    std::int64_t received_at) {
    const ReceivedHeader& header = commit.header;
    sql::execute(
        transaction,
        "INSERT INTO instance(study_id, sop_instance_uid, sop_class_uid, series_instance_uid, "
        "transfer_syntax_uid,"
        " modality, file, size, dataset_sha256, analysis_sha256, calling_ae, peer, state, not_analysed, "
        "version, received_at)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        study_id, header.sop_instance_uid, header.sop_class_uid, header.series_instance_uid,
        header.transfer_syntax_uid, header.modality, commit.file, commit.size, commit.dataset_sha256,
        commit.analysis_sha256, commit.calling_ae, commit.peer, state, why, version, received_at);
    const auto id = sql::last_id(transaction);
    queue_notes_that_waited(transaction, study_id);
    return id;
}

}  // namespace

StoredInstance InstanceStore::store(Transaction& transaction, const StoreCommit& commit) const {
    auto event = event_of("instance_received", commit);
    StoredInstance stored{{true, false, StoreOutcome::discarded}, "", false};
    auto& answer = stored.answer;
    if (is_own_result(transaction, commit)) {
        event.detail["reason"] = "own_result";
    } else if (sql::number(transaction, "SELECT 1 FROM instance WHERE file = ?", commit.file)) {
        // Its receiver died while it waited for this, and the file was adopted.
        answer = {true, true, StoreOutcome::duplicate};
    } else {
        const auto versions = versions_of(transaction, commit);
        const bool newest_again = is_same(versions.newest, commit);
        const bool again = newest_again && !mends_active(versions);
        answer = again ? duplicate(transaction, commit, versions)
                       : keep(transaction, commit, versions, transaction.at());
        // It is no news, though it is kept in another's place.
        if (!again && newest_again) answer.outcome = StoreOutcome::duplicate;
        if (answer.keep_file && versions.same_data) stored.replaced_file = versions.same_data->file;
    }
    if (!stored.replaced_file.empty()) event.detail["replaces_file"] = stored.replaced_file;
    event.detail["outcome"] = enum_text(answer.outcome);
    transaction.append_audit(event);
    if (answer.keep_file) note_object(transaction, commit.file, commit.dataset_sha256);
    // Who sends our results back has sent nothing to report of.
    if (answer.outcome != StoreOutcome::discarded)
        stored.new_caller = note_caller(transaction, commit.header.study_instance_uid, commit.calling_ae);
    transaction.count("instances_received", {{"outcome", enum_string(answer.outcome)}});
    return stored;
}

bool InstanceStore::is_own_result(Transaction& transaction, const StoreCommit& commit) {
    return sql::number(transaction, "SELECT 1 FROM result WHERE sop_instance_uid = ?",
                       commit.header.sop_instance_uid)
        .has_value();
}

InstanceStore::Versions InstanceStore::versions_of(Transaction& transaction, const StoreCommit& commit) {
    Versions found;
    sql::each(
        transaction,
        "SELECT id, study_id, version, size, received_at, state, file, dataset_sha256, analysis_sha256,"
        " transfer_syntax_uid, removed_at IS NOT NULL, damaged_at IS NOT NULL FROM instance WHERE"
        " sop_instance_uid = ? ORDER BY version DESC, id DESC",
        [&](const sql::Row& row) {
            const Version version{row.int64(0), row.int64(1), row.int64(2),       row.int64(3),
                                  row.int64(4), row.text(5),  row.text(6),        row.text(7),
                                  row.text(8),  row.text(9),  row.int32(10) != 0, row.int32(11) != 0};
            if (!found.newest) found.newest = version;
            if (!found.active && (version.state == "to_analyse" || version.state == "prior"))
                found.active = version;
            if (version.dataset_sha256 == commit.dataset_sha256) found.same_data = version;
        },
        commit.header.sop_instance_uid);
    return found;
}

// The transfer syntax says how the data set and its pixels are read, and stands not in it.
bool InstanceStore::is_same(const std::optional<Version>& version, const StoreCommit& commit) {
    return version && version->dataset_sha256 == commit.dataset_sha256 &&
           version->transfer_syntax_uid == commit.header.transfer_syntax_uid;
}

// What is analysed is damaged, and the newest version, which differs in what no analysis looks at, takes its
// place when it comes once more.
bool InstanceStore::mends_active(const Versions& versions) {
    return versions.active && versions.active->damaged && versions.active->id != versions.newest->id;
}

// What is answered with success must be in the spool: a row alone does not prove it (a restored spool), nor
// does a file that retention is about to unlink.
bool InstanceStore::has_file(const Version& version) const {
    if (version.removed || version.damaged) return false;
    std::error_code error;
    const auto size = std::filesystem::file_size(directory_.spool() / version.file, error);
    return !error && size == static_cast<std::uintmax_t>(version.size);
}

StoreAnswer InstanceStore::duplicate(Transaction& transaction, const StoreCommit& commit,
                                     const Versions& versions) const {
    StoreAnswer answer{true, !has_file(*versions.newest), StoreOutcome::duplicate};
    if (answer.keep_file) {
        sql::execute(transaction, "UPDATE instance SET file = ?, size = ? WHERE id = ?", commit.file,
                     commit.size, versions.newest->id);
        keep_object_mended(transaction, versions.newest->id);
        keep_anew(transaction, versions.newest->study_id, transaction.at());
    }
    if (versions.active && analyse_if_no_prior(transaction, *versions.active, commit.header.study_date))
        answer.outcome = StoreOutcome::no_longer_prior;
    return answer;
}

StoreAnswer InstanceStore::keep(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                                std::int64_t received_at) const {
    const std::int64_t study_id = upsert_study(transaction, commit.header, transaction.at());
    const bool as_before = versions.active && !versions.active->damaged &&
                           versions.active->analysis_sha256 == commit.analysis_sha256;
    if (as_before) {
        const bool keeps = keep_header(transaction, commit, versions, study_id, received_at);
        analyse_if_no_prior(transaction, *versions.active, commit.header.study_date);
        return {true, keeps, StoreOutcome::new_version};
    }
    const bool prior = keep_image(transaction, commit, versions, study_id, received_at);
    if (versions.newest) return {true, true, StoreOutcome::new_version};
    return {true, true, prior ? StoreOutcome::prior : StoreOutcome::stored};
}

// A version of which nothing that an analysis looks at is new. Whether the file is kept.
bool InstanceStore::keep_header(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                                std::int64_t study_id, std::int64_t received_at) const {
    const std::int64_t version = versions.newest->version + 1;
    if (!versions.same_data) {
        insert(transaction, commit, study_id, "kept", "", version, received_at);
        return true;
    }
    const bool has_one = is_same(versions.same_data, commit) && has_file(*versions.same_data);
    sql::execute(transaction,
                 "UPDATE instance SET version = ?1, state = iif(state = 'superseded', 'kept', state),"
                 " file = iif(?2, file, ?3), size = iif(?2, size, ?4), received_at = ?5,"
                 " transfer_syntax_uid = ?7, analysis_sha256 = ?8 WHERE id = ?6",
                 version, has_one ? 1 : 0, commit.file, commit.size, received_at, versions.same_data->id,
                 commit.header.transfer_syntax_uid, commit.analysis_sha256);
    if (has_one) return false;
    keep_object_mended(transaction, versions.same_data->id);
    keep_anew(transaction, study_id, received_at);
    return true;
}

// A version that is to be analysed, in the place of the one that was. One that was there before is taken up
// again under the new file, whose time tells that it is the newest now. Whether it is a prior.
bool InstanceStore::keep_image(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                               std::int64_t study_id, std::int64_t received_at) const {
    const std::int64_t at = transaction.at();
    if (versions.active) take_from(transaction, *versions.active, commit, study_id);
    // What a report may tell of stays current, however old the study is: an operator had the prior analysed,
    // or it was none when it came.
    const bool was_analysed = versions.active && versions.active->state == "to_analyse";
    const auto why = was_analysed ? "" : why_prior(commit.header.study_date, from_microseconds(at));
    const char* state = why.empty() ? "to_analyse" : "prior";
    const std::int64_t version = versions.newest ? versions.newest->version + 1 : 1;
    std::int64_t id = 0;
    if (versions.same_data) {
        id = versions.same_data->id;
        sql::execute(
            transaction,
            "UPDATE instance SET state = ?, not_analysed = ?, version = ?, received_at = ?, file = ?, size = "
            "?,"
            " transfer_syntax_uid = ?, analysis_sha256 = ?, calling_ae = ?, peer = ? WHERE id = ?",
            state, why, version, received_at, commit.file, commit.size, commit.header.transfer_syntax_uid,
            commit.analysis_sha256, commit.calling_ae, commit.peer, id);
        keep_object_mended(transaction, id);
        keep_anew(transaction, study_id, received_at);
    } else {
        id = insert(transaction, commit, study_id, state, why, version, received_at);
    }
    if (why.empty()) enqueue(transaction, study_id, id, at);
    return !why.empty();
}

// The version that was analysed is not any more, nor in the study that it was taken for.
void InstanceStore::take_from(Transaction& transaction, const Version& active, const StoreCommit& commit,
                              std::int64_t study_id) const {
    supersede(transaction, active.id, transaction.at());
    if (active.study_id == study_id) return;
    keep_anew(transaction, active.study_id, transaction.at());
    const auto left = leave_study(transaction, {active.id, active.study_id, commit.header.sop_instance_uid,
                                                commit.header.study_instance_uid, sender_of(commit)});
    if (left == LeftStudy::has_images) make_due(transaction, active.study_id, transaction.at());
}

Adoption InstanceStore::adopt(Transaction& transaction, const StoreCommit& commit,
                              Timestamp written_at) const {
    if (sql::number(transaction, "SELECT 1 FROM instance WHERE file = ?", commit.file))
        return {Adoption::known, ""};
    if (is_own_result(transaction, commit)) return {Adoption::own_result, ""};
    if (earlier_digest(transaction, commit.file).value_or(commit.dataset_sha256) != commit.dataset_sha256)
        return {Adoption::damaged, ""};
    const std::int64_t received_at = to_microseconds(std::min(written_at, transaction.now()));
    const auto versions = versions_of(transaction, commit);
    const bool newer = !versions.newest || received_at > versions.newest->received_at;
    // What has a row was acknowledged as the rows say, whatever the clock said when the file was written.
    const bool nothing_new = is_same(versions.newest, commit) || !newer || is_reconciled(transaction);
    auto event = event_of("instance_adopted", commit);
    event.actor = "hilum";
    event.detail["calling_ae"] = commit.calling_ae;
    event.detail["file"] = commit.file;
    if (versions.same_data && nothing_new) {
        if (!versions.same_data->removed) return {Adoption::duplicate, versions.same_data->file};
        // As one that is received again after retention took the file that its row names.
        sql::execute(transaction,
                     "UPDATE instance SET file = ?, size = ?, transfer_syntax_uid = ? WHERE id = ?",
                     commit.file, commit.size, commit.header.transfer_syntax_uid, versions.same_data->id);
        keep_anew(transaction, versions.same_data->study_id, transaction.at());
        event.detail["outcome"] = enum_text(StoreOutcome::duplicate);
        transaction.append_audit(event);
        return {Adoption::adopted, ""};
    }
    bool keeps = true;
    if (newer) {
        const auto kept = keep(transaction, commit, versions, received_at);
        event.detail["outcome"] = enum_text(kept.outcome);
        keeps = kept.keep_file;
    } else {
        keep_older(transaction, commit, versions, received_at);
        event.detail["outcome"] = "older_version";
    }
    transaction.append_audit(event);
    if (keeps) note_object(transaction, commit.file, commit.dataset_sha256);
    // A version that was there before has its file already.
    return keeps ? Adoption{Adoption::adopted, ""} : Adoption{Adoption::duplicate, versions.same_data->file};
}

// What came before the newest version did takes nothing from it.
void InstanceStore::keep_older(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                               std::int64_t received_at) const {
    const auto study_id =
        *sql::number(transaction, "SELECT study_id FROM instance WHERE id = ?", versions.newest->id);
    const auto oldest =
        *sql::number(transaction, "SELECT min(version) FROM instance WHERE sop_instance_uid = ?",
                     commit.header.sop_instance_uid);
    const bool as_active = versions.active && versions.active->analysis_sha256 == commit.analysis_sha256;
    insert(transaction, commit, study_id, as_active ? "kept" : "superseded", "", oldest - 1, received_at);
}

StoreAnswer InstanceStore::discard(Transaction& transaction, const DiscardCommit& commit) const {
    auto event = event_for("instance_discarded", commit.header, commit.calling_ae + "@" + commit.peer);
    event.detail["reason"] = commit.reason;
    transaction.append_audit(event);
    transaction.count("instances_received", {{"outcome", "discarded"}});
    return {true, false, StoreOutcome::discarded};
}

std::int64_t InstanceStore::upsert_study(Transaction& transaction, const ReceivedHeader& header,
                                         std::int64_t at) const {
    sql::execute(transaction,
                 "INSERT INTO study(study_instance_uid, accession_number, patient_id, study_date, created_at)"
                 " VALUES(?, ?, ?, ?, ?) ON CONFLICT(study_instance_uid) DO UPDATE SET"
                 // What one image lacks another one said, and the study is found by it.
                 " accession_number = coalesce(nullif(excluded.accession_number, ''), accession_number),"
                 " patient_id = coalesce(nullif(excluded.patient_id, ''), patient_id),"
                 " study_date = coalesce(nullif(excluded.study_date, ''), study_date)",
                 header.study_instance_uid, header.accession_number, header.patient_id, header.study_date,
                 at);
    return *sql::number(transaction, "SELECT id FROM study WHERE study_instance_uid = ?",
                        header.study_instance_uid);
}

void InstanceStore::enqueue(Transaction& transaction, std::int64_t study_id, std::int64_t instance_id,
                            std::int64_t at) const {
    for (const auto& model : models_) {
        sql::execute(transaction,
                     "INSERT INTO analysis(instance_id, model) VALUES(?, ?) ON CONFLICT DO NOTHING",
                     instance_id, model);
        std::vector<std::int64_t> frames;
        sql::each(
            transaction,
            "UPDATE analysis SET outcome = NULL, artifact = NULL WHERE instance_id = ? AND model = ?"
            " RETURNING id",
            [&](const sql::Row& row) { frames.push_back(row.int64(0)); }, instance_id, model);
        for (const auto analysis : frames) queue_job(transaction, Lane::analysis, model, analysis, study_id);
    }
    make_due(transaction, study_id, at);
}

void InstanceStore::make_due(Transaction& transaction, std::int64_t study_id, std::int64_t at) const {
    if (models_.empty()) return;
    const std::int64_t idle = study_.idle_timeout.count(), longest = study_.max_wait.count();
    sql::execute(transaction,
                 "UPDATE study SET last_arrival_at = ?1, first_pending_at = coalesce(first_pending_at, ?1),"
                 " due_at = min(?1 + ?2, coalesce(first_pending_at, ?1) + ?3) WHERE id = ?4",
                 at, idle, longest, study_id);
}

void InstanceStore::close_study(Transaction& transaction, const std::string& study_instance_uid) {
    sql::execute(transaction,
                 "UPDATE study SET due_at = ? WHERE study_instance_uid = ? AND due_at IS NOT NULL",
                 transaction.at(), study_instance_uid);
}

}  // namespace hilum
