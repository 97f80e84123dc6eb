// A child process that is asked one thing at a time, by a coroutine that awaits the answer.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/messages/packet.h"
#include "pipeline/children/supervised_child.h"
#include "pipeline/lanes/task.h"

namespace hilum {

class AskedChild {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void child_changed() = 0;  // it runs, or does not
        // A message that answers nothing; its descriptors may be taken. False: it has no business to send
        // that.
        virtual bool child_says(Message&) { return false; }
    };

    AskedChild(World& world, Owner& owner);

    void start(ChildSpecification specification);
    void stop();  // what it was asked it may still answer, but is told nothing more
    bool started() const { return child_ != nullptr; }
    bool running() const { return child_ && child_->running(); }
    // Then what ends without an answer was cut off by the node's end, and has not failed: the next start
    // takes it up, as after any other end.
    bool stopped() const { return child_ && child_->stopped(); }
    bool can_be_asked() const { return running() && !stopped() && killed_why_.empty(); }
    const SupervisedChild& process() const { return *child_; }

    void tell(const Packet& packet, std::span<const int> fds = {});  // what is not answered
    void extend_time();  // it goes on: what it was asked may take the whole time from now
    // It waits for something else than itself, and goes on with the time that it had left.
    void pause_time();
    void go_on();

    // Sends the request, with a file for it or none, and returns the next message that is not child_says'. An
    // error of code "process_died" tells that the child died, or was killed because it did not answer in
    // `time_limit`. Returns no error before the child has ended.
    Task<Result<Message>> exchange(Packet request, UniqueFd file, Duration time_limit);
    // The same with any descriptors, which are sent before it waits and stay their owners'.
    Task<Result<Message>> exchange(Packet request, std::vector<int> fds, Duration time_limit);
    // Kills it and waits for its end; returns the error.
    Task<Error> dismiss(std::string why);
    void prosper() { child_->prosper(); }

  private:
    using Answer = Arrival<Result<Message>>;

    Status send(const Packet& request, std::span<const int> fds, Duration time_limit, Answer& answer);
    void on_message(Message message);
    void on_ended(const std::string& how);
    void kill(const std::string& why);
    void limit_to(Duration time);

    World& world_;
    Owner& owner_;
    std::unique_ptr<SupervisedChild> child_;
    std::unique_ptr<Timer> timer_;
    Duration time_limit_{0}, left_{0};  // of what it is asked; what is left of that, while it is paused
    MonotonicTime until_{};
    std::optional<Answer::Callback> answer_;  // while it is asked
    std::string killed_why_;                  // it is about to end, and what it says does not matter
};

// Asks the child for a Reply of which `answers(reply)` holds (by a name: see committed()). Errors beside
// those of exchange(): it garbled its answer, or answered another request; then it is killed, and the code is
// "process_died" as well.
template <typename Reply, typename Request, typename Answers>
Task<Result<Reply>> ask(AskedChild& child, Request request, UniqueFd file, Duration time_limit,
                        Answers& answers) {
    const auto message = co_await child.exchange(to_packet(request), std::move(file), time_limit);
    if (!message) co_return tl::unexpected(message.error());
    auto reply = from_packet<Reply>(*message);
    if (!reply || !answers(*reply)) {
        const std::string why = reply ? "answered another request" : reply.error().message;
        co_return tl::unexpected(co_await child.dismiss(why));
    }
    child.prosper();
    co_return reply;
}

}  // namespace hilum
