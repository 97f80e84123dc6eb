// The SQLite database of a node: schema, pragmas, and statements that are prepared once. One read-write
// connection exists, on the coordinator's commit thread; every other reader opens it read-only.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "store/audit/audit_event.h"

namespace hilum {

class Database {
  public:
    enum class Access { read_write, read_only };

    // Opens FILE; read_write creates it, brings its schema up to date, sets and reads back the pragmas that
    // durability needs, and checks its structure. Errors name the file and what to do.
    static Result<Database> open(const std::filesystem::path& file, Access access);

    // Runs one statement with its parameters bound in order; returns the number of rows it changed.
    // All of these throw SQLite::Exception; the commit queue and the readers' edges translate it.
    template <typename... Args>
    int execute(const char* sql, const Args&... args) {
        const Finished statement(bound(sql, args...));
        while (statement->executeStep()) {
        }
        return connection_->getChanges();
    }

    // Calls row(SQLite::Statement&) for each row.
    template <typename Row, typename... Args>
    void each(const char* sql, Row row, const Args&... args) {
        const Finished statement(bound(sql, args...));
        while (statement->executeStep()) row(*statement.get());
    }

    // The rows as an array of objects named by column; numbers stay numbers, NULL becomes null.
    template <typename... Args>
    nlohmann::json select(const char* sql, const Args&... args) {
        nlohmann::json rows = nlohmann::json::array();
        each(
            sql, [&](SQLite::Statement& row) { rows.push_back(row_json(row)); }, args...);
        return rows;
    }

    // The first column of the first row; nothing when there is no row or it is NULL.
    template <typename... Args>
    std::optional<std::int64_t> number(const char* sql, const Args&... args) {
        const Finished statement(bound(sql, args...));
        if (!statement->executeStep() || statement->isColumnNull(0)) return std::nullopt;
        return statement->getColumn(0).getInt64();
    }

    std::int64_t last_id() const { return connection_->getLastInsertRowid(); }

    // Appends to the audit trail within the current transaction; id, at and hash are filled in here.
    void append_audit(audit::AuditEvent event);

    // Adds to a counter within the current transaction.
    void count(const char* name, const nlohmann::json& labels = nlohmann::json::object(),
               std::int64_t by = 1);

    // After a rolled-back transaction: forgets what is remembered of the audit chain.
    void forget_audit_tail() { audit_tail_.reset(); }

  private:
    struct AuditTail {
        std::int64_t id = 0;
        std::string hash;
    };
    // Resets the statement when its use ends, also by an exception, so that it holds no lock.
    class Finished {
      public:
        explicit Finished(SQLite::Statement& statement) : statement_(&statement) {}
        Finished(const Finished&) = delete;
        Finished& operator=(const Finished&) = delete;
        ~Finished() { statement_->tryReset(); }
        SQLite::Statement* operator->() const { return statement_; }
        SQLite::Statement* get() const { return statement_; }

      private:
        SQLite::Statement* statement_;
    };

    explicit Database(std::unique_ptr<SQLite::Database> connection) : connection_(std::move(connection)) {}
    static nlohmann::json row_json(SQLite::Statement& row);
    SQLite::Statement& cached(const char* sql);

    template <typename... Args>
    SQLite::Statement& bound(const char* sql, const Args&... args) {
        auto& statement = cached(sql);
        statement.clearBindings();
        int index = 0;
        (bind(statement, ++index, args), ...);
        return statement;
    }
    static void bind(SQLite::Statement& s, int i, const std::string& value) { s.bind(i, value); }
    static void bind(SQLite::Statement& s, int i, const char* value) { s.bind(i, value); }
    static void bind(SQLite::Statement& s, int i, std::int64_t value) { s.bind(i, value); }
    static void bind(SQLite::Statement& s, int i, std::uint64_t value) {
        s.bind(i, static_cast<std::int64_t>(value));
    }
    static void bind(SQLite::Statement& s, int i, int value) { s.bind(i, value); }
    static void bind(SQLite::Statement& s, int i, std::nullptr_t) { s.bind(i); }
    template <typename T>
    static void bind(SQLite::Statement& s, int i, const std::optional<T>& value) {
        if (value)
            bind(s, i, *value);
        else
            s.bind(i);
    }

    void migrate();

    std::unique_ptr<SQLite::Database> connection_;
    std::map<const char*, std::unique_ptr<SQLite::Statement>> statements_;  // by the literal's address
    std::optional<AuditTail> audit_tail_;
};

}  // namespace hilum
