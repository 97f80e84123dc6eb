// The engine: SQLite's connection, its prepared statements and what is remembered of the audit trail's end.
// Included within this folder only.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "store/database/database.h"
#include "store/database/fact_journal.h"

namespace hilum {

struct Statement {
    SQLite::Statement prepared;
};

struct Connection {
    struct AuditTail {
        std::int64_t id = 0;
        std::string hash;
    };

    // `how`: SQLite's flags, to read, to write or to write and create.
    Connection(const std::string& file, int how)
        : writes((how & SQLite::OPEN_READONLY) == 0),
          // One thread at a time uses it, its owner sees to that: SQLite need not lock.
          engine(file, how | SQLite::OPEN_NOMUTEX, busy_timeout) {}
    Statement& prepared(std::string_view text);

    static constexpr int busy_timeout = 5000;  // milliseconds
    bool writes;
    std::function<bool()> stop_reading;  // the engine asks it, where it is there
    SQLite::Database engine;
    std::optional<std::stop_callback<std::function<void()>>>
        interruption;                                          // of the engine, which outlives it
    std::map<std::string, Statement, std::less<>> statements;  // by their text
    std::optional<AuditTail> audit_tail;
    std::optional<FactJournal> journal;  // none where no facts are kept
    // Of the transaction that runs, and how many there were when its unit and the parts within it began.
    std::vector<std::string> facts;
    std::vector<std::size_t> facts_before;
    bool facts_must_last = false;
    std::vector<std::string> mended = {};  // problems that opening it found and mended
};

DatabaseFailure to_failure(const SQLite::Exception& error);

// Calls what speaks to SQLite, whose exceptions go no further than this.
template <typename Function>
auto translated(Function function) -> decltype(function()) {
    try {
        return function();
    } catch (const SQLite::Exception& error) {
        throw to_failure(error);
    }
}

}  // namespace hilum
