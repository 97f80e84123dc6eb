// What every lane is made of. A lane is a coroutine that reads top to bottom: wait for work, claim, do, keep.
#pragma once

#include <cstdint>
#include <memory>

#include "base/world.h"
#include "pipeline/lanes/task.h"
#include "store/database/commit_queue.h"

namespace hilum {

// What lanes wait for, one coroutine at a time. It cannot be lost: set while nobody waits, it is seen by the
// next wait.
class WakeUp {
  public:
    explicit WakeUp(World& world);
    void set();  // whoever waits goes on soon, not within this call

    class [[nodiscard]] Waiting {
      public:
        Waiting(WakeUp& wake_up, std::optional<Duration> limit) : wake_up_(wake_up), limit_(limit) {}
        bool await_ready() const;
        void await_suspend(std::coroutine_handle<> waiting);
        void await_resume() const;

      private:
        WakeUp& wake_up_;
        std::optional<Duration> limit_;
    };
    Waiting wait() { return {*this, std::nullopt}; }
    // At the longest so long. At least a moment, so that a clock that steps back cannot make a busy loop.
    Waiting wait_for(Duration limit) { return {*this, limit}; }
    // Until a job will be due, in microseconds since 1970; where none will be, until it is set.
    Waiting wait_until(std::optional<std::int64_t> due);

  private:
    struct State {
        bool set = false;
        std::coroutine_handle<> waiting;
        void go_on() {
            if (waiting) std::exchange(waiting, nullptr).resume();
        }
    };

    World& world_;
    std::shared_ptr<State> state_ = std::make_shared<State>();  // what is posted may come after the end
    std::unique_ptr<Timer> timer_;
};

// True as long as it lives: the lane holds a claim, or is about to.
class [[nodiscard]] Busy {
  public:
    explicit Busy(bool& busy) : busy_(busy) { busy_ = true; }
    ~Busy() { busy_ = false; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

  private:
    bool& busy_;
};

// What `work` returns, once it is on the disk. It has a name of its own, a reference to which is taken: GCC
// 12 destroys a closure that is made within an expression which awaits twice.
template <typename Work>
Task<Result<std::invoke_result_t<Work, Transaction&>>> committed(CommitQueue& commits, Work& work) {
    Arrival<Result<std::invoke_result_t<Work, Transaction&>>> kept;
    commits.submit(std::remove_const_t<Work>(work), kept.bring());
    co_return co_await kept;
}

// The same for what has happened already: tried again until it is kept (CommitQueue::submit_until_kept).
template <typename Work>
Task<Result<std::invoke_result_t<Work, Transaction&>>> until_kept(CommitQueue& commits, Work& work) {
    Arrival<Result<std::invoke_result_t<Work, Transaction&>>> kept;
    commits.submit_until_kept(std::remove_const_t<Work>(work), kept.bring());
    co_return co_await kept;
}

// Whether an error of committed() leaves open if the work was kept, as after an I/O error.
inline bool may_be_kept(const Error& error) {
    return error.code == "commit_unknown";
}

}  // namespace hilum
