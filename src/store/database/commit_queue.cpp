#include "store/database/commit_queue.h"

#include <spdlog/spdlog.h>
#include <sysexits.h>

#include <boost/asio/post.hpp>
#include <cstdlib>

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

CommitQueue::CommitQueue(boost::asio::io_context& loop, Database database, FollowedClock clock)
    : loop_(loop),
      database_(std::move(database)),
      clock_(std::move(clock)),
      clock_watch_(clock_.read()),
      thread_([this] { run(); }) {}

CommitQueue::~CommitQueue() {
    end();
}

void CommitQueue::end() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    arrived_.notify_one();
    thread_.join();
}

void CommitQueue::log_failure(const Error* error) {
    if (error != nullptr) spdlog::error("{}", error->message);
}

void CommitQueue::run_later(std::function<void()> action) {
    auto timer = std::make_shared<boost::asio::steady_timer>(loop_, retry_after);
    timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
        if (!error) action();
    });
}

void CommitQueue::push(Unit unit) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(unit));
    }
    arrived_.notify_one();
}

void CommitQueue::run() {
    std::size_t units = 0;  // since the last checkpoint
    for (;;) {
        std::deque<Unit> batch;
        {
            std::unique_lock lock(mutex_);
            arrived_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            while (!waiting_.empty() && batch.size() < largest_batch) {
                batch.push_back(std::move(waiting_.front()));
                waiting_.pop_front();
            }
        }
        run_batch(batch);
        for (auto& unit : batch) boost::asio::post(loop_, std::move(unit.done));
        units += batch.size();
        if (units < units_before_checkpoint) continue;
        checkpoint(database_);
        units = 0;
    }
}

void CommitQueue::undo(Unit& unit, Error error) {
    unit.set_error(std::move(error));
    database_.undo_unit();
}

void CommitQueue::run_unit(Unit& unit, Timestamp now) {
    database_.begin_unit();
    try {
        Transaction transaction(database_, now);
        unit.work(transaction);
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
    const auto reading = clock_.read();
    unfollowed_ += clock_watch_.step_to(reading);
    if (unfollowed_ == followed_ || !clock_.on_set) return reading.wall;
    const Duration step = unfollowed_ - followed_;
    followed_ = unfollowed_;
    Unit unit{[this, step](Transaction& transaction) { clock_.on_set(transaction, step); },
              [](const Error& error) { log_failure(&error); }, [] {}};
    run_unit(unit, reading.wall);
    return reading.wall;
}

void CommitQueue::run_batch(std::deque<Unit>& batch) {
    try {
        database_.begin();
        followed_ = Duration::zero();
        for (auto& unit : batch) {
            const Timestamp now = follow_clock();
            run_unit(unit, now);
        }
        database_.commit();
        unfollowed_ -= followed_;
    } catch (const DatabaseFailure& failure) {
        const Error translated = translate(failure);
        for (auto& unit : batch) unit.set_error(translated);
        database_.roll_back();
    }
}

}  // namespace hilum
