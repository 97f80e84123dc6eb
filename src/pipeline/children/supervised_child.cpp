#include "pipeline/children/supervised_child.h"

#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <algorithm>

namespace hilum {
namespace {
constexpr std::chrono::milliseconds first_delay(100), longest_delay(30'000);
}

SupervisedChild::SupervisedChild(World& world, ChildSpecification specification, Callbacks callbacks)
    : world_(world),
      specification_(std::move(specification)),
      callbacks_(std::move(callbacks)),
      restart_timer_(world.make_timer()),
      delay_(first_delay) {}

SupervisedChild::~SupervisedChild() {
    if (channel_) channel_->close();
}

void SupervisedChild::start() {
    stopping_ = false;
    launch();
}

void SupervisedChild::launch() {
    auto ends = Channel::make_pair();
    if (!ends) {
        last_end_ = ends.error().message;
        return schedule_restart();
    }
    const SpawnOptions options{specification_.arguments,
                               {ends->second.fd(), specification_.configuration_fd},
                               specification_.dies_with_parent,
                               specification_.nicer_by};
    auto process = world_.spawn(options, [this](int wait_status) { ended(wait_status); });
    if (!process) {
        last_end_ = process.error().message;
        spdlog::error("cannot start {} {}: {}", specification_.role, specification_.name, last_end_);
        return schedule_restart();
    }
    process_ = std::move(*process);
    channel_ = ChannelWatcher::start(
        world_, std::move(ends->first),
        [this](Message message) { callbacks_.on_message(std::move(message)); },
        [this](const std::string& reason) {
            // The process ends by itself now; one that sent nonsense is ended.
            if (!reason.empty()) {
                spdlog::error("{} {}: {}", specification_.role, specification_.name, reason);
                kill();
            }
        });
    callbacks_.on_changed();
}

void SupervisedChild::ended(int wait_status) {
    last_end_ = describe_exit(wait_status);
    last_exit_code_ = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    if (channel_) channel_->drain();  // its last words may tell why
    if (!stopping_) spdlog::error("{} {} {}", specification_.role, specification_.name, last_end_);
    process_.reset();
    if (channel_) channel_->close();
    channel_.reset();
    callbacks_.on_ended(last_end_);
    if (!stopping_) schedule_restart();
    callbacks_.on_changed();
}

void SupervisedChild::schedule_restart() {
    restart_timer_->start(delay_, [this] {
        if (stopping_) return;
        ++restarts_;
        launch();
    });
    delay_ = std::min(2 * delay_, longest_delay);
}

void SupervisedChild::prosper() {
    delay_ = first_delay;
}

void SupervisedChild::stop() {
    stopping_ = true;
    restart_timer_->cancel();
    if (channel_) channel_->close();
    channel_.reset();
}

void SupervisedChild::kill() {
    if (running()) process_->kill();
}

Status SupervisedChild::send(const Packet& packet, std::span<const int> fds) {
    if (!channel_) return fail_for_now("not_running", "{} is not running", specification_.role);
    auto sent = channel_->send(packet, fds);
    if (!sent) {
        spdlog::error("{} {}: {}", specification_.role, specification_.name, sent.error().message);
        kill();
    }
    return sent;
}

ChildStatus SupervisedChild::status() const {
    const auto state = running()   ? ChildState::running
                       : stopping_ ? ChildState::stopped
                                   : ChildState::restarting;
    return {specification_.role,
            specification_.name,
            running() ? process_->pid() : 0,
            state,
            restarts_,
            last_end_};
}

}  // namespace hilum
