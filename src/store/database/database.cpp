#include "store/database/database.h"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
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

int opening_flags(Database::Access access) {
    if (access == Database::Access::read_write) return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    return access == Database::Access::write_existing ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY;
}

void prepare_for_writing(SQLite::Database& connection) {
    set_pragma(connection, "journal_mode", "WAL", "wal");
    set_pragma(connection, "synchronous", "FULL", "2");
    set_pragma(connection, "foreign_keys", "ON", "1");
    set_pragma(connection, "mmap_size", "0", "0");
    // SQLite's own checkpoints keep their errors to themselves, and are tried again after a failed sync,
    // which then seems to succeed: the commit queue does them.
    set_pragma(connection, "wal_autocheckpoint", "0", "0");
}

// Its schema is a later Hilum's.
struct NewerSchema : SQLite::Exception {
    using SQLite::Exception::Exception;
};
// An earlier one's, and who opens it may only read.
struct OlderSchema : SQLite::Exception {
    using SQLite::Exception::Exception;
};

// SQLite only reads a file whose "file format write version" it does not know (sqlite.org/fileformat2.html,
// 1.3.4): 1 is a rollback journal's, 2 the WAL's.
bool is_read_only_by_head(const std::filesystem::path& file) {
    constexpr std::streamoff write_version = 18;
    std::ifstream stream(file, std::ios::binary);
    return stream.seekg(write_version) && stream.get() > 2;
}

// Whether what SQLite says when it opens a file says that this is none, or a damaged one: neither that the
// system failed nor that another has it.
bool is_damage(const SQLite::Exception& error, const std::filesystem::path& file) {
    switch (error.getErrorCode() & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
            return true;
        case SQLITE_READONLY:  // or the system did not let it be opened for writing
            return is_read_only_by_head(file);
        default:
            return false;
    }
}

// What an earlier life left in the WAL goes into the database, and the WAL begins anew. After a sync of it
// that failed it may have a hole on the disk, which the system's cache hides and no later sync closes: what
// was appended behind the hole would be gone with the next power cut, committed or not.
// Readers of an earlier transaction keep it from that: it waits for them for the connection's own 5 s, and
// fails as what passes.
void empty_wal(SQLite::Database& connection) {
    if (connection.execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt() == 0) return;
    throw SQLite::Exception(
        "another program is still reading it, as a backup does, so that its WAL cannot be emptied yet",
        SQLITE_BUSY);
}

// What the table says; 0: there is none, or it says nothing.
std::size_t version_in_table(SQLite::Database& connection) {
    try {
        const auto version = connection.execAndGet("SELECT max(version) FROM schema_version").getInt();
        return static_cast<std::size_t>(std::max(version, 0));
    } catch (const SQLite::Exception&) {
        return 0;
    }
}

std::size_t version_in_head(SQLite::Database& connection) {
    return static_cast<std::size_t>(connection.execAndGet("PRAGMA user_version").getInt());
}

// It stands in two places, since a wrong one would be the end of all.
std::size_t schema_version(SQLite::Database& connection) {
    const auto in_table = version_in_table(connection);
    const bool may_be = in_table >= 1 && in_table <= migrations().size();
    return may_be ? in_table : version_in_head(connection);
}

void keep_schema_version(SQLite::Database& connection, std::size_t version) {
    connection.exec("PRAGMA user_version = " + std::to_string(version));
    connection.exec("DROP TABLE IF EXISTS schema_version");
    connection.exec("CREATE TABLE schema_version(version INTEGER NOT NULL)");
    connection.exec("INSERT INTO schema_version VALUES(" + std::to_string(version) + ")");
}

// The version of a schema that this Hilum knows.
std::size_t known_schema_version(SQLite::Database& connection) {
    const auto have = schema_version(connection);
    if (have > migrations().size())
        throw NewerSchema(
            fmt::format("its schema has version {}, this Hilum knows {}: it was written by a newer Hilum; "
                        "install that, or see `hilum database rebuild --help`",
                        have, migrations().size()));
    return have;
}

void demand_current_schema(SQLite::Database& connection) {
    if (const auto have = known_schema_version(connection); have < migrations().size())
        throw OlderSchema(
            fmt::format("its schema has version {}, this Hilum reads {}: start hilumd, which brings it up "
                        "to date, or ask with the version that wrote it",
                        have, migrations().size()));
}

void migrate(SQLite::Database& connection) {
    const auto have = known_schema_version(connection);
    const auto& all = migrations();
    for (std::size_t i = have; i < all.size(); ++i) {
        SQLite::Transaction transaction(connection);
        connection.exec(all[i]);
        keep_schema_version(connection, i + 1);
        transaction.commit();
        spdlog::info("database schema brought to version {}", i + 1);
    }
    if (version_in_head(connection) == all.size() && version_in_table(connection) == all.size()) return;
    SQLite::Transaction transaction(connection);
    keep_schema_version(connection, all.size());
    transaction.commit();
}

}  // namespace

DatabaseFailure to_failure(const SQLite::Exception& error) {
    using Kind = DatabaseFailure::Kind;
    const int code = error.getErrorCode() & 0xff;
    // Read-only: the system made the disk so, as Linux does after errors.
    const bool failing = code == SQLITE_IOERR || code == SQLITE_READONLY;
    const bool lost = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    const bool passing = code == SQLITE_NOMEM || code == SQLITE_BUSY || code == SQLITE_CANTOPEN;
    const Kind kind = failing               ? Kind::failing
                      : lost                ? Kind::lost
                      : code == SQLITE_FULL ? Kind::full
                      : passing             ? Kind::passing
                                            : Kind::refused;
    // These make SQLite roll back the whole transaction by itself (sqlite.org/lang_transaction.html, 3).
    const bool ends_transaction =
        failing || code == SQLITE_FULL || code == SQLITE_NOMEM || code == SQLITE_INTERRUPT;
    return {kind, error.what(), ends_transaction};
}

Error DatabaseFailure::error() const {
    if (kind_ == Kind::full) return {"disk_full", "database: the disk is full", Retry::once_mended};
    // The name tells a receiver that its file may be committed.
    if (kind_ == Kind::failing)
        return {"commit_unknown", std::string("database: ") + what(), Retry::once_mended};
    return {"database", std::string("database: ") + what(),
            kind_ == Kind::passing ? Retry::once_mended : Retry::never};
}

Statement& Connection::prepared(std::string_view text) {
    const auto known = statements.find(text);
    if (known != statements.end()) return known->second;
    std::string kept(text);
    SQLite::Statement statement(engine, kept);
    return statements.emplace(std::move(kept), Statement{std::move(statement)}).first->second;
}

Database::Database(std::filesystem::path file, std::unique_ptr<Connection> connection)
    : file_(std::move(file)), connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& file, Access access, DatabaseCheck check) {
    const auto failed = [&file](const char* code, const SQLite::Exception& error, Retry retry) {
        return tl::unexpected(Error{code, fmt::format("{}: {}", file.string(), error.what()), retry});
    };
    try {
        const bool writes = access == Access::read_write || access == Access::write_existing;
        auto connection = std::make_unique<Connection>(file.string(), opening_flags(access));
        auto& engine = connection->engine;
        if (writes) {
            const bool empty = engine.execAndGet("PRAGMA page_count").getInt() == 0;
            if (empty && access == Access::write_existing)
                throw SQLite::Exception("nothing is in it any more", SQLITE_CORRUPT);
            if (empty) set_pragma(engine, "auto_vacuum", "INCREMENTAL", "2");
            prepare_for_writing(engine);
            if (check != DatabaseCheck::none) connection->mended = mend_indices(engine, check);
            empty_wal(engine);
            migrate(engine);
            check_schema(engine, migrations());
        } else {
            // http, which reads, may make no files, as a large sort would.
            set_pragma(engine, "temp_store", "MEMORY", "2");
            if (access == Access::read_current) demand_current_schema(engine);
        }
        return Database(file, std::move(connection));
    } catch (const NewerSchema& error) {
        return failed("database_newer", error, Retry::never);
    } catch (const OlderSchema& error) {
        return failed("schema_older", error, Retry::never);
    } catch (const SQLite::Exception& error) {
        if (is_damage(error, file)) return failed("database_damaged", error, Retry::never);
        const auto kind = to_failure(error).kind();
        const bool passes = kind == DatabaseFailure::Kind::failing || kind == DatabaseFailure::Kind::full ||
                            kind == DatabaseFailure::Kind::passing;
        return failed("database", error, passes ? Retry::once_mended : Retry::never);
    }
}

// A disk that is away for a while takes with it what lies beside the file.
bool Database::is_gone() const {
    const auto is_there = [](const std::filesystem::path& path) {
        std::error_code error;
        return std::filesystem::exists(path, error) && !error;
    };
    std::error_code error;
    const auto status = std::filesystem::symlink_status(file_, error);
    return status.type() == std::filesystem::file_type::not_found &&
           is_there(kept_journal_ ? kept_journal_->folder() : file_.parent_path());
}

Status Database::reopen() {
    if (connection_ && connection_->journal) kept_journal_ = std::move(connection_->journal);
    connection_.reset();
    auto opened = open(file_, Access::write_existing, DatabaseCheck::none);
    if (!opened && is_gone())
        return fail("database_gone", "{}: there is no such file any more: something removed it",
                    file_.string());
    if (!opened) return tl::unexpected(opened.error());
    connection_ = std::move(opened->connection_);
    connection_->journal = std::exchange(kept_journal_, std::nullopt);
    return {};
}

const std::vector<std::string>& Database::mended() const {
    return connection_->mended;
}

Status Database::keep_facts(const std::filesystem::path& folder) {
    auto journal = FactJournal::open(folder);
    if (!journal) return tl::unexpected(journal.error());
    connection_->journal.emplace(std::move(*journal));
    return {};
}

namespace {

// What cannot even be read is a problem, too.
template <typename Look>
Result<std::vector<std::string>> problems_found_by(const std::filesystem::path& file, Look look) {
    try {
        return look();
    } catch (const SQLite::Exception& error) {
        if (is_damage(error, file)) return std::vector<std::string>{error.what()};
        return fail_for_now("database", "{}", error.what());
    }
}

}  // namespace

Result<std::vector<std::string>> Database::problems() {
    return problems_found_by(file_,
                             [&] { return hilum::problems_of(connection_->engine, DatabaseCheck::whole); });
}

Result<std::vector<std::string>> Database::problems_of(const std::string& table) {
    return problems_found_by(file_, [&] { return problems_of_table(connection_->engine, table); });
}

Result<std::vector<std::string>> Database::tables() {
    try {
        return names_of_tables(connection_->engine);
    } catch (const SQLite::Exception& error) {
        return fail_for_now("database", "{}", error.what());
    }
}

Status Database::back_up(const std::filesystem::path& to) {
    return hilum::back_up(connection_->engine, to);
}

void Database::stop_reading_when(std::function<bool()> stop) {
    constexpr int steps = 1000;  // of SQLite's machine, between two questions: far below a millisecond
    connection_->stop_reading = std::move(stop);
    const auto ask = [](void* question) {
        return (*static_cast<std::function<bool()>*>(question))() ? 1 : 0;
    };
    sqlite3_progress_handler(connection_->engine.getHandle(), steps, ask, &connection_->stop_reading);
}

// SQLite asks no question while it walks the pages of a table to check them; an interruption it sees there,
// too.
void Database::stop_reading_when(std::stop_token stop) {
    auto* engine = connection_->engine.getHandle();
    stop_reading_when([stop] { return stop.stop_requested(); });
    connection_->interruption.emplace(std::move(stop), [engine] { sqlite3_interrupt(engine); });
}

// Before what tells the same is committed.
void Database::keep_facts_of_commit() {
    auto& facts = connection_->facts;
    const bool lasting = std::exchange(connection_->facts_must_last, false);
    if (facts.empty()) return;
    const auto kept = connection_->journal->append(facts, lasting);
    facts.clear();
    if (kept) return;
    using Kind = DatabaseFailure::Kind;
    throw DatabaseFailure(kept.error().code == "disk_full" ? Kind::full : Kind::passing,
                          kept.error().message);
}

void Database::run(const char* statement) {
    translated([&] {
        auto& prepared = connection_->prepared(statement).prepared;
        prepared.tryReset();  // reset() would throw the error of a run before
        while (prepared.executeStep()) {
        }
        prepared.reset();
    });
}

void Database::begin() {
    connection_->facts.clear();
    connection_->facts_before.clear();
    connection_->facts_must_last = false;
    run(connection_->writes ? "BEGIN IMMEDIATE" : "BEGIN");
}

void Database::commit() {
    keep_facts_of_commit();
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
    connection_->facts_before = {connection_->facts.size()};
    run("SAVEPOINT unit");
}

void Database::end_unit() {
    run("RELEASE unit");
}

void Database::undo_unit() {
    run("ROLLBACK TO unit");
    connection_->facts.resize(connection_->facts_before.front());
    connection_->audit_tail.reset();
}

void Database::checkpoint() {
    run("PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace hilum
