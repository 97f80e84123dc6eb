#include "store/spool_records.h"

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/callers.h"
#include "store/jobs/damaged_objects.h"

namespace hilum {
namespace {

audit::AuditEvent event_of(const char* type, const std::string& file) {
    audit::AuditEvent event;
    event.type = type;
    event.actor = "hilum";
    event.detail["file"] = file;
    return event;
}

// `outcome`: a column of spool_survey.
void count(Transaction& transaction, std::int64_t record, const char* outcome) {
    transaction.count("spool_files", {{"outcome", outcome}});
    sql::execute(
        transaction,
        "UPDATE spool_survey SET adopted = adopted + (?2 = 'adopted'), duplicates = duplicates + (?2 = "
        "'duplicates'), set_aside = set_aside + (?2 = 'set_aside'), postponed = postponed + (?2 = "
        "'postponed') WHERE id = ?1",
        record, outcome);
}

}  // namespace

bool is_file_of_instance(Transaction& transaction, const std::string& file) {
    return sql::number(transaction, "SELECT 1 FROM instance WHERE file = ?", file).has_value();
}

std::int64_t open_spool_record(Transaction& transaction, std::uint64_t unknown, std::int64_t unfinished) {
    const std::int64_t at = transaction.at();
    sql::execute(transaction, "UPDATE spool_survey SET finished_at = ? WHERE finished_at IS NULL", at);
    sql::execute(transaction,
                 "INSERT INTO spool_survey(at, unknown, unfinished, finished_at) VALUES(?1, ?2, ?3,"
                 " iif(?2 = 0, ?1, NULL))",
                 at, unknown, unfinished);
    const std::int64_t record = sql::last_id(transaction);
    if (unfinished > 0) transaction.count("spool_files", {{"outcome", "unfinished"}}, unfinished);
    audit::AuditEvent event;
    event.type = "spool_surveyed";
    event.actor = "hilum";
    event.detail = {{"unknown", unknown}, {"unfinished", unfinished}};
    transaction.append_audit(event);
    return record;
}

void finish_spool_record(Transaction& transaction, std::int64_t record) {
    sql::execute(transaction, "UPDATE spool_survey SET finished_at = ? WHERE id = ?", transaction.at(),
                 record);
}

Adoption keep_adopted(Transaction& transaction, std::int64_t record, const InstanceStore& instances,
                      const StoreCommit& object, Timestamp written_at) {
    auto adoption = instances.adopt(transaction, object, written_at);
    if (adoption.outcome == Adoption::adopted) count(transaction, record, "adopted");
    if (adoption.outcome == Adoption::adopted || adoption.outcome == Adoption::duplicate)
        note_caller(transaction, object.header.study_instance_uid, object.calling_ae);
    return adoption;
}

void keep_duplicate_removed(Transaction& transaction, std::int64_t record, const std::string& file,
                            const std::string& known) {
    count(transaction, record, "duplicates");
    auto event = event_of("duplicate_removed", file);
    event.detail["known_as"] = known;
    transaction.append_audit(event);
}

void keep_file_replaced(Transaction& transaction, std::int64_t record, const StoreCommit& object,
                        const std::string& known) {
    if (sql::execute(transaction,
                     "UPDATE instance SET file = ?, size = ?, transfer_syntax_uid = ? WHERE file = ?",
                     object.file, object.size, object.header.transfer_syntax_uid, known) == 0)
        return;
    keep_object_mended(transaction,
                       *sql::number(transaction, "SELECT id FROM instance WHERE file = ?", object.file));
    count(transaction, record, "adopted");
    auto event = event_of("instance_file_replaced", object.file);
    event.detail["known_as"] = known;
    transaction.append_audit(event);
}

void keep_set_aside(Transaction& transaction, std::int64_t record, const std::string& file,
                    const Error& error) {
    sql::execute(transaction, "INSERT OR REPLACE INTO set_aside(file, code, error, at) VALUES(?, ?, ?, ?)",
                 file, error.code, error.message, transaction.at());
    count(transaction, record, "set_aside");
    auto event = event_of("object_set_aside", file);
    event.outcome = "failure";
    event.detail["code"] = error.code;
    event.detail["error"] = error.message;
    transaction.append_audit(event);
}

void keep_postponed(Transaction& transaction, std::int64_t record) {
    count(transaction, record, "postponed");
}

}  // namespace hilum
