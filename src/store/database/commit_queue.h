// The one writer to the database: runs what waits in one transaction, beside the loop, so that the syncs of
// concurrent associations and jobs are shared, and reports back on the loop after the commit.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/world.h"
#include "store/clock_watch.h"
#include "store/database/database.h"

namespace hilum {

class CommitQueue {
  public:
    class Observer {
      public:
        virtual ~Observer() = default;
        // Somebody set the wall clock by `step`. Called beside the loop, before any work that sees the new
        // time and in the transaction of that work.
        virtual void clock_set(Transaction& transaction, Duration step) = 0;
        // The database fails, and why, or is well again: trouble() is another. Called on the loop.
        virtual void database_changed() {}
    };

    // `world` and the observer, null where nobody asks, must outlive this object.
    CommitQueue(World& world, Database database, Observer* observer = nullptr);
    ~CommitQueue() { end(); }
    // Runs what waits, as the world's Background does when it goes; what is submitted from now on is not run.
    void end() { background_.reset(); }

    // Whether its thread has gone on since this was last asked, or has nothing to do. The loop asks, not more
    // often than the longest unit of work takes.
    bool goes_on();

    // Why the database fails now; nothing where it does not. On the loop.
    const std::optional<Error>& trouble() const { return trouble_; }
    Timestamp trouble_since() const { return trouble_since_; }

    // Runs `work(Transaction&)` beside the loop inside a savepoint, and after the transaction is on the
    // disk calls `done(Result<R>)` on the loop, R being what `work` returns. When work throws, its changes
    // alone are rolled back; when the commit fails, those of all that shared it.
    //
    // After an I/O error nobody knows what of the transaction is on the disk, and no sync may be tried again:
    // all that shared it get "commit_unknown", the database is closed and opened anew, which recovers what
    // was committed, as often as it takes, and until then whatever is submitted fails at once. Who gets that
    // error may have been kept: what it did is to be recognised when it comes again. Damage ends the process,
    // and so does a file that is gone: a start mends it, or makes it anew from what lies beside it.
    template <typename Work, typename Done>
    void submit(Work work, Done done) {
        push(std::make_unique<UnitOf<Work, Done>>(std::move(work), std::move(done), std::nullopt));
    }

    // The same for what happened at `happened`, a reading of World::since_boot(), which nobody sets as they
    // set the wall clock: events that are kept late have their own time in their details.
    template <typename Work, typename Done>
    void submit_happened(Duration happened, Work work, Done done) {
        push(std::make_unique<UnitOf<Work, Done>>(std::move(work), std::move(done), happened));
    }

    // The same where nobody waits; a failure is logged.
    template <typename Work>
    void submit(Work work) {
        submit(std::move(work), [](const auto& result) { log_failure(result ? nullptr : &result.error()); });
    }

    // The same for what has happened already and only needs to be written down: where the database refuses
    // for a reason that may pass (a full disk), it is tried again every `retry_after` until it is kept.
    // `work` may run more than once; `done` gets what does not pass.
    template <typename Work, typename Done>
    void submit_until_kept(Work work, Done done) {
        keep_trying(world_.since_boot(), std::move(work), std::move(done));
    }

    static constexpr std::chrono::seconds retry_after{1};

  private:
    // What was submitted, until its submitter was told how it ended.
    class Unit {
      public:
        virtual ~Unit() = default;
        virtual void run(Transaction& transaction) = 0;
        virtual void fail(Error error) = 0;  // in place of what run() brought
        virtual void tell() = 0;
        virtual std::optional<Duration> happened() const = 0;  // since boot
    };
    template <typename Work, typename Done>
    class UnitOf : public Unit {
        using Value = std::invoke_result_t<Work, Transaction&>;

      public:
        UnitOf(Work work, Done done, std::optional<Duration> happened)
            : work_(std::move(work)), done_(std::move(done)), happened_(happened) {}
        void run(Transaction& transaction) override {
            if constexpr (std::is_void_v<Value>) {
                work_(transaction);
                result_ = Result<void>();
            } else {
                result_ = work_(transaction);
            }
        }
        void fail(Error error) override { result_ = tl::unexpected(std::move(error)); }
        void tell() override { done_(std::move(result_)); }
        std::optional<Duration> happened() const override { return happened_; }

      private:
        Work work_;
        Done done_;
        std::optional<Duration> happened_;
        Result<Value> result_ = fail_for_now("database", "not run");
    };
    using Batch = std::deque<std::unique_ptr<Unit>>;

    template <typename Work, typename Done>
    void keep_trying(Duration happened, Work work, Done done) {
        auto again = work;
        submit_happened(
            happened, std::move(work),
            [this, happened, again = std::move(again), done = std::move(done)](auto result) mutable {
                if (result || result.error().retry == Retry::never) return done(std::move(result));
                log_failure(&result.error());
                run_later([this, happened, again = std::move(again), done = std::move(done)]() mutable {
                    keep_trying(happened, std::move(again), std::move(done));
                });
            });
    }

    static void log_failure(const Error* error);
    void push(std::unique_ptr<Unit> unit);
    // On the loop, after retry_after.
    template <typename Action>
    void run_later(Action action) {
        const auto delay = delays_.insert(delays_.end(), world_.make_timer());
        (*delay)->start(retry_after, [this, delay, action = std::move(action)]() mutable {
            const auto due = std::move(*delay);  // which keeps this action while it runs
            delays_.erase(delay);
            action();
        });
    }
    Batch next_batch();
    void run_waiting();
    void run_batch(Batch& batch);
    void checkpoint();
    void run_unit(Unit& unit, const ClockReading& clocks);
    ClockReading follow_clock();  // reads it
    void undo(Unit& unit, Error error);
    void begin_reopening(const DatabaseFailure& failure);
    void reopen();
    void end_beyond_waiting(const Error& error);
    void told_trouble(std::optional<Error> trouble);

    World& world_;
    Database database_;
    Observer* observer_;
    ClockWatch clock_watch_;
    Duration unfollowed_{0};            // steps of the clock of which no transaction that was committed knows
    Duration followed_{0};              // of these, what the transaction that runs knows
    std::size_t since_checkpoint_ = 0;  // units
    std::list<std::unique_ptr<Timer>> delays_;  // of what is run later
    std::optional<Error> failing_;              // while it is to be opened anew; of the thread
    std::optional<Error> trouble_;              // the same, of the loop
    Timestamp trouble_since_;
    int reopenings_ = 0;          // in vain, in a row
    std::string beyond_waiting_;  // what the last one failed with, where time mends nothing; of the thread
    std::unique_ptr<Timer> reopening_;
    const std::shared_ptr<int> alive_ =
        std::make_shared<int>();  // what the thread posted may come after the end
    std::mutex mutex_;
    Batch waiting_;
    bool called_ = false;                     // run_waiting() is still to come, or has not seen the last unit
    std::atomic<std::uint64_t> steps_ = 0;    // that its thread took
    std::uint64_t steps_seen_ = 0;            // by goes_on()
    std::unique_ptr<Background> background_;  // ends before what its work uses
};

}  // namespace hilum
