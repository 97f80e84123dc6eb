#include "store/database/checking.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <set>

#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

constexpr int most_problems = 20;  // that are told

std::vector<std::string> problems_told_by(SQLite::Database& engine, const std::string& pragma) {
    std::vector<std::string> problems;
    SQLite::Statement check(engine, pragma);
    while (check.executeStep())
        if (auto problem = check.getColumn(0).getString(); problem != "ok") problems.push_back(problem);
    return problems;
}

[[noreturn]] void throw_damaged(const std::string& what) {
    throw SQLite::Exception("the database is damaged: " + what, SQLITE_CORRUPT);
}

// It says nothing of the database: another attempt may do.
bool is_of_the_system(const SQLite::Exception& error) {
    switch (error.getErrorCode() & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_NOMEM:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_CANTOPEN:
            return true;
        default:
            return false;
    }
}

// Everything in a schema that has a text of its own, by its name.
std::map<std::string, std::string> texts_of_schema(SQLite::Database& engine, const char* type) {
    std::map<std::string, std::string> texts;
    SQLite::Statement query(engine, "SELECT name, sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL");
    query.bind(1, type);
    while (query.executeStep()) texts[query.getColumn(0).getString()] = query.getColumn(1).getString();
    return texts;
}

std::set<std::string> columns_of(SQLite::Database& engine, const std::string& table) {
    std::set<std::string> columns;
    SQLite::Statement query(engine, "SELECT name FROM pragma_table_xinfo(?)");
    query.bind(1, table);
    while (query.executeStep()) columns.insert(query.getColumn(0).getString());
    return columns;
}

// Indices and triggers hold nothing that is not in the tables.
void make_anew(SQLite::Database& engine, const char* type, const std::map<std::string, std::string>& right) {
    const auto have = texts_of_schema(engine, type);
    for (const auto& [name, text] : have)
        if (const auto known = right.find(name); known == right.end() || known->second != text) {
            spdlog::error("the {} {} of the database is not as it should be; it is made anew", type, name);
            engine.exec(fmt::format("DROP {} \"{}\"", type, name));
        }
    for (const auto& [name, text] : right)
        if (const auto kept = have.find(name); kept == have.end() || kept->second != text) engine.exec(text);
}

Status sync_written(const std::filesystem::path& file) {
    const UniqueFd written(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!written || ::fsync(written.get()) != 0)
        return tl::unexpected(system_error(errno, "cannot sync " + file.string()));
    return {};
}

// Whoever makes the copy, nobody else reads it, before it is whole as little as afterwards. SQLite fills a
// file that is there and empty, and gives those beside it the same mode.
Status make_private(const std::filesystem::path& file) {
    const UniqueFd made(::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
    if (!made) return tl::unexpected(system_error(errno, "cannot create " + file.string()));
    return {};
}

}  // namespace

std::vector<std::string> problems_of(SQLite::Database& engine, DatabaseCheck check) {
    const char* pragma = check == DatabaseCheck::whole ? "integrity_check" : "quick_check";
    return problems_told_by(engine, fmt::format("PRAGMA {}({})", pragma, most_problems));
}

std::vector<std::string> problems_of_table(SQLite::Database& engine, const std::string& table) {
    return problems_told_by(engine, fmt::format("PRAGMA integrity_check('{}')", table));
}

std::vector<std::string> mend_indices(SQLite::Database& engine, DatabaseCheck check) {
    auto problems = problems_of(engine, check);
    if (problems.empty()) return problems;
    spdlog::error("the database is damaged ({}); its indices are made anew", problems.front());
    try {
        engine.exec("REINDEX");
    } catch (const SQLite::Exception& error) {
        if (is_of_the_system(error)) throw;
        throw_damaged(problems.front() + "; its indices cannot be made anew: " + error.what());
    }
    const auto left = problems_of(engine, DatabaseCheck::whole);
    if (!left.empty()) throw_damaged(left.front());
    return problems;
}

void check_schema(SQLite::Database& engine, const std::vector<const char*>& migrations) {
    SQLite::Database right(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (const auto* migration : migrations) right.exec(migration);
    for (const auto& [table, text] : texts_of_schema(right, "table"))
        if (columns_of(right, table) != columns_of(engine, table))
            throw_damaged(fmt::format("its table {} has other columns than it should have", table));
    SQLite::Transaction transaction(engine);
    make_anew(engine, "index", texts_of_schema(right, "index"));
    make_anew(engine, "trigger", texts_of_schema(right, "trigger"));
    transaction.commit();
}

std::vector<std::string> names_of_tables(SQLite::Database& engine) {
    std::vector<std::string> names;
    SQLite::Statement tables(engine, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    while (tables.executeStep()) names.push_back(tables.getColumn(0).getString());
    return names;
}

Status back_up(SQLite::Database& engine, const std::filesystem::path& to) {
    std::error_code ignored;
    if (std::filesystem::exists(to, ignored)) return fail("exists", "{} is there already", to.string());
    auto unfinished = to;
    unfinished += ".tmp";
    std::filesystem::remove(unfinished, ignored);
    if (auto made = make_private(unfinished); !made) return made;
    try {
        SQLite::Statement copy(engine, "VACUUM INTO ?");
        copy.bind(1, unfinished.string());
        copy.exec();
    } catch (const SQLite::Exception& error) {
        std::filesystem::remove(unfinished, ignored);
        const bool full = (error.getErrorCode() & 0xff) == SQLITE_FULL;
        return fail(full ? "disk_full" : "database", "cannot back up to {}: {}", to.string(), error.what());
    }
    if (auto synced = sync_written(unfinished); !synced) return synced;
    std::error_code failed;
    std::filesystem::rename(unfinished, to, failed);
    if (failed) return fail("system", "cannot write {}: {}", to.string(), failed.message());
    return sync_directory(to.parent_path());
}

Status salvage(const std::filesystem::path& from, const std::filesystem::path& to) {
    try {
        {
            SQLite::Database damaged(from.string(), SQLite::OPEN_READWRITE);
            damaged.exec("PRAGMA ignore_check_constraints = ON");
            SQLite::Statement copy(damaged, "VACUUM INTO ?");
            copy.bind(1, to.string());
            copy.exec();
        }
        SQLite::Database copied(to.string(), SQLite::OPEN_READWRITE);
        if (const auto problems = problems_of(copied, DatabaseCheck::whole); !problems.empty())
            return fail("database_damaged", "{}: {}", to.string(), problems.front());
    } catch (const SQLite::Exception& error) {
        if (is_of_the_system(error))
            return fail_for_now(error.getErrorCode() == SQLITE_FULL ? "disk_full" : "database",
                                "cannot copy what {} holds: {}", from.string(), error.what());
        return fail("database_damaged", "{}: {}", from.string(), error.what());
    }
    if (auto synced = sync_written(to); !synced) return synced;
    return sync_directory(to.parent_path());
}

}  // namespace hilum
