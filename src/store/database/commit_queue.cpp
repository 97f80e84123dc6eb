#include "store/database/commit_queue.h"

#include <spdlog/spdlog.h>
#include <sysexits.h>

#include <cstdlib>
#include <new>
#include <utility>

#include "store/retry_policy.h"

namespace hilum {
namespace {

constexpr std::size_t largest_batch = 256;
constexpr std::size_t units_before_checkpoint = 200;  // about 1000 pages
constexpr RetryPolicy reopening_policy{std::chrono::milliseconds(200), std::chrono::seconds(10)};

Error translate(const DatabaseFailure& failure) {
    if (failure.kind() == DatabaseFailure::Kind::lost) {
        spdlog::critical("database: {}; ending, a restart recovers what was committed", failure.what());
        std::_Exit(EX_IOERR);
    }
    return failure.error();
}

}  // namespace

CommitQueue::CommitQueue(World& world, Database database, Observer* observer)
    : world_(world),
      database_(std::move(database)),
      observer_(observer),
      clock_watch_(read_clocks(world)),
      reopening_(world.make_timer()),
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
        if (since_checkpoint_ < units_before_checkpoint || failing_) continue;
        checkpoint();
        since_checkpoint_ = 0;
    }
}

// Moves what has gathered in the WAL into the database. What is committed stands, whatever becomes of this;
// but after an I/O error nothing is certain.
void CommitQueue::checkpoint() {
    try {
        database_.checkpoint();
    } catch (const DatabaseFailure& failure) {
        spdlog::warn("cannot empty the database's WAL for now: {}", translate(failure).message);
        if (failure.kind() == DatabaseFailure::Kind::failing) begin_reopening(failure);
    }
}

// ---- an I/O error ----

void CommitQueue::begin_reopening(const DatabaseFailure& failure) {
    spdlog::critical("database: {}; it is closed, and opened anew until that succeeds", failure.what());
    told_trouble(failing_ =
                     Error{"database", std::string("database: ") + failure.what(), Retry::once_mended});
}

// Beside the loop.
void CommitQueue::reopen() {
    const auto opened = database_.reopen();
    if (opened) {
        spdlog::warn("the database was opened anew: what was committed is there");
        failing_.reset();
        beyond_waiting_.clear();
        since_checkpoint_ = 0;
    } else {
        end_beyond_waiting(opened.error());
        spdlog::error("the database cannot be opened: {}", opened.error().message);
        failing_ = Error{"database", opened.error().message, Retry::once_mended};
    }
    told_trouble(failing_);
}

// To SQLite a read that fails in some places is damage. What is damaged, or gone, is so twice.
void CommitQueue::end_beyond_waiting(const Error& error) {
    const bool waiting_helps = error.code != "database_damaged" && error.code != "database_gone";
    const auto before = std::exchange(beyond_waiting_, waiting_helps ? "" : error.code);
    if (waiting_helps || before != error.code) return;
    spdlog::critical("{}; ending, a restart mends the database or makes it anew", error.message);
    std::_Exit(EX_IOERR);
}

// Takes it to the loop, which sees to the next try.
void CommitQueue::told_trouble(std::optional<Error> trouble) {
    world_.post([this, alive = std::weak_ptr(alive_), trouble = std::move(trouble)] {
        if (alive.expired() || !background_) return;
        const bool changed = trouble_.has_value() != trouble.has_value();
        if (changed && trouble) trouble_since_ = world_.now();
        trouble_ = trouble;
        if (trouble_)
            reopening_->start(reopening_policy.delay_after(++reopenings_, world_.random()), [this] {
                if (background_) background_->post([this] { reopen(); });
            });
        else
            reopenings_ = 0;
        if (changed && observer_ != nullptr) observer_->database_changed();
    });
}

void CommitQueue::undo(Unit& unit, Error error) {
    unit.fail(std::move(error));
    database_.undo_unit();
}

void CommitQueue::run_unit(Unit& unit, const ClockReading& clocks) {
    database_.begin_unit();
    try {
        const auto happened = unit.happened().value_or(clocks.since_boot);
        Transaction transaction(database_, clocks.wall, clocks.since_boot - happened);
        unit.run(transaction);
    } catch (const DatabaseFailure& failure) {
        if (failure.ends_transaction()) throw;
        undo(unit, translate(failure));
    } catch (const std::bad_alloc&) {  // the node's trouble, whatever the unit was about
        undo(unit, {"out_of_memory", "the coordinator has not enough memory for it now: free some",
                    Retry::once_mended});
    } catch (const std::exception& error) {  // a row that this version cannot read
        undo(unit, {"internal", error.what(), Retry::never});
    }
    database_.end_unit();
}

// A transaction that fails takes with it what it moved: the next one moves it.
ClockReading CommitQueue::follow_clock() {
    const auto reading = read_clocks(world_);
    unfollowed_ += clock_watch_.step_to(reading);
    if (unfollowed_ == followed_ || observer_ == nullptr) return reading;
    const Duration step = unfollowed_ - followed_;
    followed_ = unfollowed_;
    const auto move = [this, step](Transaction& transaction) { observer_->clock_set(transaction, step); };
    const auto log = [](const Result<void>& moved) { log_failure(moved ? nullptr : &moved.error()); };
    UnitOf<decltype(move), decltype(log)> unit(move, log, std::nullopt);
    run_unit(unit, reading);
    unit.tell();
    return reading;
}

void CommitQueue::run_batch(Batch& batch) {
    if (failing_) {
        for (auto& unit : batch) unit->fail(*failing_);
        return;
    }
    try {
        database_.begin();
        followed_ = Duration::zero();
        for (auto& unit : batch) {
            run_unit(*unit, follow_clock());
            ++steps_;
        }
        database_.commit();
        ++steps_;
        unfollowed_ -= followed_;
    } catch (const DatabaseFailure& failure) {
        const Error translated = translate(failure);
        for (auto& unit : batch) unit->fail(translated);
        if (failure.kind() == DatabaseFailure::Kind::failing)
            begin_reopening(failure);
        else
            database_.roll_back();
    }
}

}  // namespace hilum
