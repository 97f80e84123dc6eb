#include "store/database/commit_queue.h"

#include <spdlog/spdlog.h>
#include <sqlite3.h>
#include <sysexits.h>

#include <cstdlib>
#include <utility>

namespace hilum {
namespace {

constexpr std::size_t largest_batch = 256;
constexpr std::size_t units_before_checkpoint = 200;  // about 1000 pages

Error translate(const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    if (code == SQLITE_IOERR || code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        spdlog::critical("database: {} ({}); ending, a restart recovers what was committed", error.what(),
                         error.getErrorStr());
        std::_Exit(EX_IOERR);
    }
    if (code == SQLITE_FULL) return {"disk_full", "database: the disk is full", Retry::later};
    const bool passing = code == SQLITE_NOMEM || code == SQLITE_BUSY;
    return {"database", std::string("database: ") + error.what(), passing ? Retry::later : Retry::never};
}

// These make SQLite roll back the whole transaction by itself (sqlite.org/lang_transaction.html, section 3).
bool ends_transaction(const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    return code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_NOMEM || code == SQLITE_INTERRUPT;
}

// Moves what has gathered in the WAL into the database. What is committed stands, whatever becomes of this;
// but after an I/O error nothing does.
void checkpoint(Database& database) {
    try {
        database.number("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (const SQLite::Exception& error) {
        spdlog::warn("cannot empty the database's WAL for now: {}", translate(error).message);
    }
}

}  // namespace

CommitQueue::CommitQueue(World& world, Database database, OnClockSet on_clock_set)
    : world_(world),
      database_(std::move(database)),
      on_clock_set_(std::move(on_clock_set)),
      clock_watch_(read_clocks(world)),
      background_(world.make_background()) {}

void CommitQueue::log_failure(const Error* error) {
    if (error != nullptr) spdlog::error("{}", error->message);
}

void CommitQueue::run_later(std::function<void()> action) {
    const auto delay = delays_.insert(delays_.end(), world_.make_timer());
    (*delay)->start(retry_after, [this, delay, action = std::move(action)] {
        const auto due = std::move(*delay);  // which keeps this action while it runs
        delays_.erase(delay);
        action();
    });
}

void CommitQueue::push(Unit unit) {
    if (!background_) return;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(unit));
        if (std::exchange(called_, true)) return;
    }
    background_->post([this] { run_waiting(); });
}

std::deque<CommitQueue::Unit> CommitQueue::next_batch() {
    const std::lock_guard lock(mutex_);
    std::deque<Unit> batch;
    while (!waiting_.empty() && batch.size() < largest_batch) {
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    called_ = !batch.empty();
    return batch;
}

void CommitQueue::run_waiting() {
    for (auto batch = next_batch(); !batch.empty(); batch = next_batch()) {
        run_batch(batch);
        for (auto& unit : batch) world_.post(std::move(unit.done));
        since_checkpoint_ += batch.size();
        if (since_checkpoint_ < units_before_checkpoint) continue;
        checkpoint(database_);
        since_checkpoint_ = 0;
    }
}

void CommitQueue::undo(Unit& unit, Error error) {
    unit.set_error(std::move(error));
    database_.execute("ROLLBACK TO unit");
    database_.forget_audit_tail();
}

void CommitQueue::run_unit(Unit& unit) {
    database_.execute("SAVEPOINT unit");
    try {
        unit.work(database_);
    } catch (const SQLite::Exception& error) {
        if (ends_transaction(error)) throw;
        undo(unit, translate(error));
    } catch (const std::exception& error) {  // a row that this version cannot read
        undo(unit, {"internal", error.what(), Retry::never});
    }
    database_.execute("RELEASE unit");
}

// A transaction that fails takes with it what it moved: the next one moves it.
void CommitQueue::follow_clock() {
    unfollowed_ += clock_watch_.step_to(read_clocks(world_));
    if (unfollowed_ == followed_ || !on_clock_set_) return;
    const Duration step = unfollowed_ - followed_;
    followed_ = unfollowed_;
    Unit unit{[this, step](Database& database) { on_clock_set_(database, step); },
              [](const Error& error) { log_failure(&error); }, [] {}};
    run_unit(unit);
}

void CommitQueue::run_batch(std::deque<Unit>& batch) {
    try {
        database_.execute("BEGIN IMMEDIATE");
        followed_ = Duration::zero();
        for (auto& unit : batch) {
            follow_clock();
            run_unit(unit);
        }
        database_.execute("COMMIT");
        unfollowed_ -= followed_;
    } catch (const SQLite::Exception& error) {
        const Error translated = translate(error);
        for (auto& unit : batch) unit.set_error(translated);
        database_.forget_audit_tail();
        try {
            database_.execute("ROLLBACK");
        } catch (const SQLite::Exception&) {
            // SQLite rolled back by itself (SQLITE_FULL does): there is no transaction left to end.
        }
    }
}

}  // namespace hilum
