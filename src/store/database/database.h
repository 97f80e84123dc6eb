// The database of a node, opened: its schema is up to date and it is set up as durability needs. One
// read-write connection exists, on the coordinator's commit thread; every other reader opens it read-only.
// What is to be asked or changed goes through a Transaction.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/database/checking.h"
#include "store/database/fact_journal.h"
#include "store/database/transaction.h"

namespace hilum {

// What a unit of work fails with, whatever the engine.
class DatabaseFailure : public std::runtime_error {
  public:
    enum class Kind {
        failing,  // an I/O error: whether this was committed is unknown until it is opened anew
        lost,     // damage: what is on the disk is unknown
        full,     // the disk is full
        passing,  // no memory or descriptor, or somebody else holds it
        refused   // the statement, or a constraint
    };
    DatabaseFailure(Kind kind, const std::string& what, bool ends_transaction = false)
        : std::runtime_error(what), kind_(kind), ends_transaction_(ends_transaction) {}
    Kind kind() const { return kind_; }
    bool ends_transaction() const { return ends_transaction_; }  // the engine rolled all of it back
    Error error() const;

  private:
    Kind kind_;
    bool ends_transaction_;
};

class Database {
  public:
    // read_current: read_only, for who reads the tables of today. write_existing: read_write of what is
    // there.
    enum class Access { read_write, write_existing, read_only, read_current };

    // Opens FILE; read_write creates it, brings its schema up to date, sets and reads back what durability
    // needs, and checks its structure; indices that are damaged are made anew. Errors name the file and what
    // to do. Codes: "database_damaged" (indices are not all that is damaged), "database_newer" (its schema is
    // a later Hilum's), "schema_older" (of read_current: nothing has brought it up to date yet), "database".
    static Result<Database> open(const std::filesystem::path& file, Access access,
                                 DatabaseCheck check = DatabaseCheck::quick);
    // After a failure of kind `failing`: closes it and opens it as write_existing, which brings what was
    // committed into the file and syncs it. Nothing else is checked, since everybody waits meanwhile. Where
    // it fails, only this or the destructor may be called. Another code: "database_gone", there is no such
    // file though what lies beside it is there.
    Status reopen();
    // What was found damaged, and mended, when it was opened.
    const std::vector<std::string>& mended() const;
    // Facts of what is committed from now on are kept there.
    Status keep_facts(const std::filesystem::path& folder);
    Result<std::vector<std::string>> problems();  // what is wrong with all of it; empty: nothing
    // What is wrong with one of its tables and the indices of it; empty: nothing. For a read-only one beside
    // the writer, a table after the other.
    Result<std::vector<std::string>> problems_of(const std::string& table);
    Result<std::vector<std::string>> tables();
    // Copies all that is committed to `to`, which does not exist, durably, while others read and write it.
    Status back_up(const std::filesystem::path& to);
    // Of a read-only one: `stop` is asked often while it reads, on the thread that does, and what reads fails
    // once it says so.
    void stop_reading_when(std::function<bool()> stop);
    // The same of a stop that any thread may request. What it breaks off says nothing of the database.
    void stop_reading_when(std::stop_token stop);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    // Runs work(Transaction&) as a transaction of its own.
    template <typename Work>
    auto transact(Timestamp now, Work work) -> Result<std::invoke_result_t<Work, Transaction&>> {
        try {
            begin();
            Transaction transaction(*this, now);
            if constexpr (std::is_void_v<std::invoke_result_t<Work, Transaction&>>) {
                work(transaction);
                commit();
                return {};
            } else {
                auto result = work(transaction);
                commit();
                return result;
            }
        } catch (const DatabaseFailure& failure) {
            roll_back();
            return tl::unexpected(failure.error());
        } catch (...) {
            roll_back();
            throw;
        }
    }

    // For the commit queue, which lets several units share a transaction. All throw DatabaseFailure.
    void begin();
    void commit();
    void roll_back() noexcept;  // also where the engine did so by itself
    void begin_unit();
    void end_unit();
    void undo_unit();   // its changes alone; it is still to be ended
    void checkpoint();  // moves what was committed to where it stays

  private:
    friend class Transaction;
    Database(std::filesystem::path file, std::unique_ptr<Connection> connection);
    void run(const char* statement);
    void keep_facts_of_commit();
    bool is_gone() const;

    std::filesystem::path file_;
    std::optional<FactJournal> kept_journal_;  // while reopen() fails
    std::unique_ptr<Connection> connection_;
};

}  // namespace hilum
