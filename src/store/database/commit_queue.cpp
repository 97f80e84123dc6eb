#include "store/database/commit_queue.h"

#include <spdlog/spdlog.h>
#include <sysexits.h>

#include <cstdlib>
#include <utility>

namespace hilum {
namespace {

constexpr std::size_t largest_batch = 256;
constexpr std::size_t units_before_checkpoint = 200;  // about 1000 pages

Error translate(const DatabaseFailure& failure) {
    if (failure.kind() == DatabaseFailure::Kind::lost) {
        spdlog::critical("database: {}; ending, a restart recovers what was committed", failure.what());
        std::_Exit(EX_IOERR);
    }
    return failure.error();
}

// Moves what has gathered in the WAL into the database. What is committed stands, whatever becomes of this;
// but after an I/O error nothing does.
void checkpoint(Database& database) {
    try {
        database.checkpoint();
    } catch (const DatabaseFailure& failure) {
        spdlog::warn("cannot empty the database's WAL for now: {}", translate(failure).message);
    }
}

}  // namespace

CommitQueue::CommitQueue(World& world, Database database, ClockObserver* observer)
    : world_(world),
      database_(std::move(database)),
      observer_(observer),
      clock_watch_(read_clocks(world)),
      background_(world.make_background()) {}

void CommitQueue::log_failure(const Error* error) {
    if (error != nullptr) spdlog::error("{}", error->message);
}

void CommitQueue::push(std::unique_ptr<Unit> unit) {
    if (!background_) return;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(unit));
        if (std::exchange(called_, true)) return;
    }
    background_->post([this] { run_waiting(); });
}

bool CommitQueue::goes_on() {
    const auto steps = steps_.load();
    const bool moved = std::exchange(steps_seen_, steps) != steps;
    const std::lock_guard lock(mutex_);
    return moved || !called_;
}

CommitQueue::Batch CommitQueue::next_batch() {
    ++steps_;
    const std::lock_guard lock(mutex_);
    Batch batch;
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
        for (auto& unit : batch)
            world_.post([told = std::shared_ptr<Unit>(std::move(unit))] { told->tell(); });
        since_checkpoint_ += batch.size();
        if (since_checkpoint_ < units_before_checkpoint) continue;
        checkpoint(database_);
        since_checkpoint_ = 0;
    }
}

void CommitQueue::undo(Unit& unit, Error error) {
    unit.fail(std::move(error));
    database_.undo_unit();
}

void CommitQueue::run_unit(Unit& unit, Timestamp now) {
    database_.begin_unit();
    try {
        Transaction transaction(database_, now);
        unit.run(transaction);
    } catch (const DatabaseFailure& failure) {
        if (failure.ends_transaction()) throw;
        undo(unit, translate(failure));
    } catch (const std::exception& error) {  // a row that this version cannot read
        undo(unit, {"internal", error.what(), Retry::never});
    }
    database_.end_unit();
}

// A transaction that fails takes with it what it moved: the next one moves it.
Timestamp CommitQueue::follow_clock() {
    const auto reading = read_clocks(world_);
    unfollowed_ += clock_watch_.step_to(reading);
    if (unfollowed_ == followed_ || observer_ == nullptr) return reading.wall;
    const Duration step = unfollowed_ - followed_;
    followed_ = unfollowed_;
    const auto move = [this, step](Transaction& transaction) { observer_->clock_set(transaction, step); };
    const auto log = [](const Result<void>& moved) { log_failure(moved ? nullptr : &moved.error()); };
    UnitOf<decltype(move), decltype(log)> unit(move, log);
    run_unit(unit, reading.wall);
    unit.tell();
    return reading.wall;
}

void CommitQueue::run_batch(Batch& batch) {
    try {
        database_.begin();
        followed_ = Duration::zero();
        for (auto& unit : batch) {
            const Timestamp now = follow_clock();
            run_unit(*unit, now);
            ++steps_;
        }
        database_.commit();
        ++steps_;
        unfollowed_ -= followed_;
    } catch (const DatabaseFailure& failure) {
        const Error translated = translate(failure);
        for (auto& unit : batch) unit->fail(translated);
        database_.roll_back();
    }
}

}  // namespace hilum
