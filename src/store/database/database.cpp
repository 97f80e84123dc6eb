#include "store/database/database.h"

#include <spdlog/spdlog.h>
#include <sqlite3.h>
#include <nlohmann/json.hpp>

#include "store/database/connection.h"
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

void migrate(SQLite::Database& connection) {
    const auto have = static_cast<std::size_t>(connection.execAndGet("PRAGMA user_version").getInt());
    const auto& all = migrations();
    if (have > all.size())
        throw SQLite::Exception(
            fmt::format("its schema has version {}, this Hilum knows {}: it was written by a newer Hilum",
                        have, all.size()));
    for (std::size_t i = have; i < all.size(); ++i) {
        SQLite::Transaction transaction(connection);
        connection.exec(all[i]);
        connection.exec("PRAGMA user_version = " + std::to_string(i + 1));
        transaction.commit();
        spdlog::info("database schema brought to version {}", i + 1);
    }
}

}  // namespace

DatabaseFailure to_failure(const SQLite::Exception& error) {
    using Kind = DatabaseFailure::Kind;
    const int code = error.getErrorCode() & 0xff;
    const bool lost = code == SQLITE_IOERR || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    const bool passing = code == SQLITE_NOMEM || code == SQLITE_BUSY;
    const Kind kind = lost                  ? Kind::lost
                      : code == SQLITE_FULL ? Kind::full
                      : passing             ? Kind::passing
                                            : Kind::refused;
    // These make SQLite roll back the whole transaction by itself (sqlite.org/lang_transaction.html, 3).
    const bool ends_transaction =
        code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_NOMEM || code == SQLITE_INTERRUPT;
    return {kind, error.what(), ends_transaction};
}

Error DatabaseFailure::error() const {
    if (kind_ == Kind::full) return {"disk_full", "database: the disk is full", Retry::later};
    return {"database", std::string("database: ") + what(),
            kind_ == Kind::passing ? Retry::later : Retry::never};
}

Statement& Connection::prepared(std::string_view text) {
    const auto known = statements.find(text);
    if (known != statements.end()) return known->second;
    std::string kept(text);
    SQLite::Statement statement(engine, kept);
    return statements.emplace(std::move(kept), Statement{std::move(statement)}).first->second;
}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& file, Access access) {
    try {
        const bool writes = access == Access::read_write;
        auto connection = std::make_unique<Connection>(file.string(), writes);
        auto& engine = connection->engine;
        if (writes) {
            if (engine.execAndGet("PRAGMA page_count").getInt() == 0)
                set_pragma(engine, "auto_vacuum", "INCREMENTAL", "2");
            prepare_for_writing(engine);
            empty_wal(engine);
            migrate(engine);
        } else {
            // http, which reads, may make no files, as a large sort would.
            set_pragma(engine, "temp_store", "MEMORY", "2");
        }
        return Database(std::move(connection));
    } catch (const SQLite::Exception& error) {
        return fail("database", "{}: {}", file.string(), error.what());
    }
}

void Database::run(const char* statement) {
    translated([&] {
        auto& prepared = connection_->prepared(statement).prepared;
        prepared.reset();
        while (prepared.executeStep()) {
        }
        prepared.reset();
    });
}

void Database::begin() {
    run(connection_->writes ? "BEGIN IMMEDIATE" : "BEGIN");
}

void Database::commit() {
    run("COMMIT");
}

void Database::roll_back() noexcept {
    connection_->audit_tail.reset();
    try {
        run("ROLLBACK");
    } catch (const DatabaseFailure&) {
        // SQLite rolled back by itself (SQLITE_FULL does): there is no transaction left to end.
    }
}

void Database::begin_unit() {
    run("SAVEPOINT unit");
}

void Database::end_unit() {
    run("RELEASE unit");
}

void Database::undo_unit() {
    run("ROLLBACK TO unit");
    connection_->audit_tail.reset();
}

void Database::checkpoint() {
    run("PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace hilum
