// Coroutines of the coordinator. One belongs to whoever holds its Task and goes with it, wherever it waits:
// so a node that is destroyed leaves none behind. (Boost.Asio 1.74 would unwind its own on the loop,
// afterwards.) All of it on the loop's thread.
#pragma once

#include <coroutine>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace hilum {

namespace task {

class PromiseBase {
  public:
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return BackToAwaiting{}; }
    // Out of one that nobody awaits it passes to whoever resumed it, as out of any callback.
    void unhandled_exception() {
        if (!awaiting_) throw;
        thrown_ = std::current_exception();
    }
    void await_by(std::coroutine_handle<> awaiting) { awaiting_ = awaiting; }
    void rethrow() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }

  private:
    struct BackToAwaiting {
        bool await_ready() noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
            const auto awaiting = ended.promise().awaiting_;
            return awaiting ? awaiting : std::noop_coroutine();
        }
        void await_resume() noexcept {}
    };

    std::coroutine_handle<> awaiting_;
    std::exception_ptr thrown_;
};

template <typename T>
class Promise : public PromiseBase {
  public:
    void return_value(T value) { value_ = std::move(value); }
    T take() {
        rethrow();
        return std::move(*value_);
    }

  private:
    std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
  public:
    void return_void() {}
    void take() { rethrow(); }
};

}  // namespace task

// A coroutine that returns a T. It begins when it is awaited, by one other, or by start().
template <typename T>
class [[nodiscard]] Task {
  public:
    struct promise_type : task::Promise<T> {
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    };

    Task() = default;
    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }

    void start() { coroutine_.resume(); }
    bool ended() const { return !coroutine_ || coroutine_.done(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        coroutine_.promise().await_by(awaiting);
        return coroutine_;
    }
    T await_resume() { return coroutine_.promise().take(); }

  private:
    explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

// Coroutines that run beside each other and that nobody awaits.
class Tasks {
  public:
    void start(Task<void> task) {
        tasks_.remove_if([](const Task<void>& one) { return one.ended(); });
        tasks_.push_back(std::move(task));
        tasks_.back().start();
    }

  private:
    std::list<Task<void>> tasks_;
};

// What one callback will bring, once: the callback is bring(), and a coroutine awaits this. It goes on within
// the callback; where it is gone, the callback does nothing.
template <typename T>
class Arrival {
    struct State {
        std::optional<T> value;
        std::coroutine_handle<> waiting;
    };

  public:
    class Callback {
      public:
        explicit Callback(std::weak_ptr<State> state) : state_(std::move(state)) {}
        void operator()(T value) const {
            const auto state = state_.lock();
            if (!state || state->value) return;
            state->value = std::move(value);
            if (const auto waiting = std::exchange(state->waiting, nullptr)) waiting.resume();
        }

      private:
        std::weak_ptr<State> state_;
    };

    Callback bring() const { return Callback(state_); }

    bool await_ready() const { return state_->value.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) { state_->waiting = waiting; }
    T await_resume() { return std::move(*state_->value); }

  private:
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace hilum
