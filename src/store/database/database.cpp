#include "store/database/database.h"

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/database/migrations.h"

namespace hilum {
namespace {

// Sets a pragma and makes sure that SQLite took it.
void set_pragma(SQLite::Database& connection, const std::string& name, const std::string& value,
                const std::string& reads_back) {
    connection.exec("PRAGMA " + name + " = " + value);
    const std::string got = connection.execAndGet("PRAGMA " + name).getString();
    if (got != reads_back)
        throw SQLite::Exception(fmt::format("PRAGMA {} is '{}' where '{}' is needed", name, got, reads_back));
}

void prepare_for_writing(SQLite::Database& connection) {
    set_pragma(connection, "journal_mode", "WAL", "wal");
    set_pragma(connection, "synchronous", "FULL", "2");
    set_pragma(connection, "foreign_keys", "ON", "1");
    set_pragma(connection, "mmap_size", "0", "0");
    // SQLite's own checkpoints keep their errors to themselves, and are tried again after a failed sync,
    // which then seems to succeed: the commit queue does them.
    set_pragma(connection, "wal_autocheckpoint", "0", "0");
    const std::string check = connection.execAndGet("PRAGMA quick_check").getString();
    if (check != "ok") throw SQLite::Exception("the database is damaged: " + check);
}

// What an earlier life left in the WAL goes into the database, and the WAL begins anew. After a sync of it
// that failed it may have a hole on the disk, which the system's cache hides and no later sync closes: what
// was appended behind the hole would be gone with the next power cut, committed or not.
void empty_wal(SQLite::Database& connection) {
    constexpr int tries = 6;  // each waits for readers for the connection's own 5 s
    for (int i = 0; i < tries; ++i)
        if (connection.execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt() == 0) return;  // 1: busy
    throw SQLite::Exception(
        "another program keeps it open for reading, so that its WAL cannot be emptied; end it");
}

}  // namespace

Result<Database> Database::open(const std::filesystem::path& file, Access access) {
    try {
        const int flags = access == Access::read_only ? SQLite::OPEN_READONLY
                                                      : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
        auto connection = std::make_unique<SQLite::Database>(file.string(), flags, 5000);
        Database database(std::move(connection));
        if (access == Access::read_write) {
            if (database.number("PRAGMA page_count").value_or(0) == 0)
                set_pragma(*database.connection_, "auto_vacuum", "INCREMENTAL", "2");
            prepare_for_writing(*database.connection_);
            empty_wal(*database.connection_);
            database.migrate();
        }
        return database;
    } catch (const SQLite::Exception& error) {
        return fail("database", "{}: {}", file.string(), error.what());
    }
}

void Database::migrate() {
    const auto have = static_cast<std::size_t>(connection_->execAndGet("PRAGMA user_version").getInt());
    const auto& all = migrations();
    if (have > all.size())
        throw SQLite::Exception(
            fmt::format("its schema has version {}, this Hilum knows {}: it was written by a newer Hilum",
                        have, all.size()));
    for (std::size_t i = have; i < all.size(); ++i) {
        SQLite::Transaction transaction(*connection_);
        connection_->exec(all[i]);
        connection_->exec("PRAGMA user_version = " + std::to_string(i + 1));
        transaction.commit();
        spdlog::info("database schema brought to version {}", i + 1);
    }
}

SQLite::Statement& Database::cached(const char* sql) {
    auto& statement = statements_[sql];
    if (!statement) statement = std::make_unique<SQLite::Statement>(*connection_, sql);
    return *statement;
}

nlohmann::json Database::row_json(SQLite::Statement& row) {
    nlohmann::json object = nlohmann::json::object();
    for (int i = 0; i < row.getColumnCount(); ++i) {
        const auto column = row.getColumn(i);
        auto& value = object[column.getName()];
        if (column.isInteger())
            value = column.getInt64();
        else if (column.isFloat())
            value = column.getDouble();
        else if (!column.isNull())
            value = column.getString();
    }
    return object;
}

void Database::append_audit(audit::AuditEvent event) {
    if (!audit_tail_) {
        audit_tail_ = AuditTail{0, audit::first_hash};
        each("SELECT id, hash FROM audit_event ORDER BY id DESC LIMIT 1", [&](SQLite::Statement& row) {
            audit_tail_ = AuditTail{row.getColumn(0).getInt64(), row.getColumn(1).getString()};
        });
    }
    event.id = audit_tail_->id + 1;
    event.at = to_microseconds(now());
    const auto hash = audit::chain_hash(audit_tail_->hash, event);
    const auto detail = event.detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    execute(
        "INSERT INTO audit_event(id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, "
        "patient_id,"
        " detail, hash) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        event.id, event.at, event.type, event.outcome, event.actor, event.study_instance_uid,
        event.sop_instance_uid, event.patient_id, detail, hash);
    audit_tail_ = AuditTail{event.id, hash};
}

void Database::count(const char* name, const nlohmann::json& labels, std::int64_t by) {
    execute(
        "INSERT INTO counter(name, labels, value) VALUES(?, ?, ?)"
        " ON CONFLICT(name, labels) DO UPDATE SET value = value + excluded.value",
        name, labels.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), by);
}

}  // namespace hilum
