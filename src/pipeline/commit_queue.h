// The one writer to the database: a thread that runs what waits in one transaction, so that the syncs of
// concurrent associations and jobs are shared, and reports back to the coordinator's loop after the commit.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>

#include "pipeline/database.h"

namespace hilum {

class CommitQueue {
  public:
    // `loop` must outlive this object.
    CommitQueue(boost::asio::io_context& loop, Database database);
    ~CommitQueue();  // runs what waits, then ends the thread

    // Runs `work(Database&)` on the commit thread inside a savepoint, and after the transaction is on the
    // disk calls `done(Result<R>)` on the loop, R being what `work` returns. When work throws, its changes
    // alone are rolled back; when the commit fails, those of all that shared it. An I/O error ends the
    // process: what is on the disk is then unknown, and a restart recovers it.
    template <typename Work, typename Done>
    void submit(Work work, Done done) {
        using Value = std::invoke_result_t<Work, Database&>;
        struct Shared {
            Result<Value> result = fail_for_now("database", "not run");
        };
        auto shared = std::make_shared<Shared>();
        push({[shared, work = std::move(work)](Database& database) mutable {
                  if constexpr (std::is_void_v<Value>) {
                      work(database);
                      shared->result = Result<void>();
                  } else {
                      shared->result = work(database);
                  }
              },
              [shared](Error error) { shared->result = tl::unexpected(std::move(error)); },
              [shared, done = std::move(done)]() mutable { done(std::move(shared->result)); }});
    }

    // The same where nobody waits; a failure is logged.
    template <typename Work>
    void submit(Work work) {
        submit(std::move(work), [](const auto& result) { log_failure(result ? nullptr : &result.error()); });
    }

  private:
    struct Unit {
        std::function<void(Database&)> work;
        std::function<void(Error)> set_error;
        std::function<void()> done;
    };
    static void log_failure(const Error* error);
    void push(Unit unit);
    void run();
    void run_batch(std::deque<Unit>& batch);

    boost::asio::io_context& loop_;
    Database database_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Unit> waiting_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace hilum
