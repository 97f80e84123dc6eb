#include "pipeline/lanes/asked_child.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "pipeline/wake_up.h"

namespace hilum {

AskedChild::AskedChild(World& world, Owner& owner)
    : world_(world), owner_(owner), timer_(world.make_timer()) {}

void AskedChild::start(ChildSpecification specification) {
    child_ = std::make_unique<SupervisedChild>(
        world_, std::move(specification),
        SupervisedChild::Callbacks{[this](Message message) { on_message(std::move(message)); },
                                   [this](const std::string& how) { on_ended(how); },
                                   [this] { owner_.child_changed(); }});
    child_->start();
}

void AskedChild::stop() {
    timer_->cancel();
    if (child_) child_->stop();
}

void AskedChild::tell(const Packet& packet, std::span<const int> fds) {
    if (running()) (void)child_->send(packet, fds);
}

void AskedChild::extend_time() {
    limit_to(time_limit_);
}

void AskedChild::limit_to(Duration time) {
    if (!answer_ || !killed_why_.empty()) return;
    until_ = world_.monotonic() + time;
    wake_up_after(*timer_, time, [this] { kill("made no progress for too long"); });
}

void AskedChild::pause_time() {
    timer_->cancel();
    left_ = std::chrono::duration_cast<Duration>(until_ - world_.monotonic());
    left_ = std::max(left_, Duration::zero());
}

void AskedChild::go_on() {
    limit_to(left_);
}

Task<Result<Message>> AskedChild::exchange(Packet request, UniqueFd file, Duration time_limit) {
    Answer answer;
    const std::vector<int> fds = file ? std::vector<int>{file.get()} : std::vector<int>();
    const auto sent = send(request, fds, time_limit, answer);
    file.reset();
    if (!sent) co_return tl::unexpected(sent.error());
    co_return co_await answer;
}

Task<Result<Message>> AskedChild::exchange(Packet request, std::vector<int> fds, Duration time_limit) {
    Answer answer;
    const auto sent = send(request, fds, time_limit, answer);
    if (!sent) co_return tl::unexpected(sent.error());
    co_return co_await answer;
}

// Fails where it does not run, or was stopped. One that cannot take the request is killed, and its end is the
// answer.
Status AskedChild::send(const Packet& request, std::span<const int> fds, Duration time_limit,
                        Answer& answer) {
    answer_ = answer.bring();
    time_limit_ = time_limit;
    const auto sent = child_->send(request, fds);
    if (!sent && (!running() || stopped())) {
        answer_.reset();
        return tl::unexpected(Error{"process_died", sent.error().message, Retry::once_mended});
    }
    if (sent || sent.error().code == "closed")  // its end is at hand, and tells why
        extend_time();
    else
        kill(sent.error().message);
    return {};
}

Task<Error> AskedChild::dismiss(std::string why) {
    Answer end;
    answer_ = end.bring();
    kill(why);
    const auto ended = co_await end;
    co_return ended.error();
}

void AskedChild::on_message(Message message) {
    if (!killed_why_.empty() || owner_.child_says(message)) return;
    if (!answer_) return kill("answered what it was not asked");
    timer_->cancel();
    std::exchange(answer_, std::nullopt).value()(std::move(message));
}

void AskedChild::on_ended(const std::string& how) {
    timer_->cancel();
    const auto why = std::exchange(killed_why_, "");
    if (!answer_) return;
    const auto message = why.empty()
                             ? fmt::format("the {} process {}", child_->status().role, how)
                             : fmt::format("the {} process {} and was killed", child_->status().role, why);
    std::exchange(answer_, std::nullopt)
        .value()(tl::unexpected(Error{"process_died", message, child_->retry_after_end()}));
}

void AskedChild::kill(const std::string& why) {
    spdlog::error("{} {}: {}", child_->status().role, child_->name(), why);
    killed_why_ = why;
    timer_->cancel();
    child_->kill();
}

}  // namespace hilum
