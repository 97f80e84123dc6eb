// Whether a database's structure is whole, and what can be mended of one that is not.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace SQLite {
class Database;
}

namespace hilum {

// What is checked when a database is opened for writing: nothing that takes longer the larger it is, that its
// pages are sound, or also that each index says what its table does.
enum class DatabaseCheck { none, quick, whole };

// What is wrong, in the engine's words; empty: nothing. Throws SQLite::Exception where it cannot be read at
// all.
std::vector<std::string> problems_of(SQLite::Database& engine, DatabaseCheck check);
// The same of one table and its indices.
std::vector<std::string> problems_of_table(SQLite::Database& engine, const std::string& table);

// Makes every index anew from its table where there are problems. Returns them; none: all was well. Throws
// SQLite::Exception with the code SQLITE_CORRUPT where some remain.
std::vector<std::string> mend_indices(SQLite::Database& engine, DatabaseCheck check);

// Whether tables, indices and triggers are those that the migrations, all of them, make: indices and triggers
// that are not are made anew. Throws SQLite::Exception with the code SQLITE_CORRUPT where tables are others.
void check_schema(SQLite::Database& engine, const std::vector<const char*>& migrations);

std::vector<std::string> names_of_tables(SQLite::Database& engine);

// Copies the database to `to`, which does not exist, durably, while it is in use. The copy is its owner's
// alone.
Status back_up(SQLite::Database& engine, const std::filesystem::path& to);

// Writes what the tables of the damaged database `from` hold to `to`, which does not exist, with indices made
// anew, durably. Code "database_damaged": they cannot be read, or what was written is not sound.
Status salvage(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace hilum
