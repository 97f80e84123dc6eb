#include "pipeline/children/supervised_child.h"

#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/confinement/call_filter.h"
#include "base/file_system.h"
#include "contract/messages/forbidden_call.h"
#include "contract/messages/request_table.h"

namespace hilum {
namespace {
constexpr std::chrono::milliseconds first_delay(100), longest_delay(30'000);

// Of one that nobody here killed. SIGBUS: a page of its program or of a file cannot be read.
Retry retry_after(int wait_status, bool has_begun) {
    const bool said_so = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == ended_by_the_nodes_trouble;
    const bool killed =
        WIFSIGNALED(wait_status) && (WTERMSIG(wait_status) == SIGKILL || WTERMSIG(wait_status) == SIGBUS);
    return said_so || killed || !has_begun ? Retry::once_mended : Retry::later;
}
}  // namespace

SupervisedChild::SupervisedChild(World& world, ChildSpecification specification, Callbacks callbacks)
    : world_(world),
      specification_(std::move(specification)),
      callbacks_(std::move(callbacks)),
      restart_timer_(world.make_timer()),
      look_timer_(world.make_timer()),
      delay_(first_delay) {}

SupervisedChild::~SupervisedChild() {
    if (channel_) channel_->close();
}

void SupervisedChild::start() {
    stopping_ = false;
    launch();
}

void SupervisedChild::launch() {
    killed_for_.reset();
    auto ends = Channel::make_pair();
    if (!ends) {
        last_end_ = ends.error().message;
        return schedule_restart();
    }
    const SpawnOptions options{specification_.arguments,
                               {ends->second.fd(), specification_.configuration_fd},
                               specification_.dies_with_parent,
                               specification_.nicer_by,
                               specification_.binds_privileged_port};
    auto process = world_.spawn(options, [this](int wait_status) { ended(wait_status); });
    if (!process) {
        last_end_ = process.error().message;
        spdlog::error("cannot start {} {}: {}", specification_.role, specification_.name, last_end_);
        return schedule_restart();
    }
    process_ = std::move(*process);
    channel_ = ChannelWatcher::start(
        world_, std::move(ends->first), [this](Message message) { hear(std::move(message)); },
        [this](const Error& reason) {
            if (reason.code == "closed") return;  // the process ends by itself now
            spdlog::error("{} {}: {}", specification_.role, specification_.name, reason.message);
            kill_after(reason);
        });
    begin_to_look();
    callbacks_.on_changed();
}

void SupervisedChild::hear(Message message) {
    if (const auto forbidden = from_packet<ForbiddenCall>(message)) {
        forbidden_now_ = call_name(forbidden->number);
        note_forbidden_call("", forbidden->number);
        return kill();  // what it says and does not do
    }
    has_spoken_ = true;
    callbacks_.on_message(std::move(message));
}

void SupervisedChild::begin_to_look() {
    signs_of_life_ = SignsOfLife(specification_.longest_silence);
    life_ = SignsOfLife::Verdict::alive;
    wordless_ = Duration::zero();
    has_spoken_ = false;
    look_later();
}

// Also at one that was told to stop, until it has ended.
void SupervisedChild::look_later() {
    look_timer_->start(SignsOfLife::between_looks, [this] { look(); });
}

void SupervisedChild::look() {
    if (!running()) return;
    look_later();
    const auto before = std::exchange(life_, signs_of_life_.look(process_->has_beaten()));
    wordless_ += SignsOfLife::between_looks;
    if (life_ == SignsOfLife::Verdict::lost)
        // Its heart beats whatever it works on: the machine kept it from going on.
        kill_silent(fmt::format("gave no sign of life for {}", format_duration(signs_of_life_.silence())),
                    Retry::once_mended);
    else if (specification_.longest_start > Duration::zero() && !has_spoken_ && !stopping_ &&
             wordless_ >= specification_.longest_start)
        kill_silent(fmt::format("was not ready after {}", format_duration(wordless_)), Retry::later);
    if (life_ != before) callbacks_.on_changed();
}

void SupervisedChild::note_forbidden_call(const std::string& who, int number) {
    ++forbidden_calls_;
    const auto name = call_name(number);
    last_forbidden_ = who.empty() ? name : fmt::format("{} of {}", name, who);
    spdlog::error(
        "{} made the system call {}, which its role may not make, and was killed: an attack, or a fault of "
        "Hilum's that its makers want to know of",
        who.empty() ? fmt::format("{} {}", specification_.role, specification_.name) : who, name);
}

// Once: what waits for a disk that does not answer ends later.
void SupervisedChild::kill_silent(std::string why, Retry retry) {
    if (!killed_why_.empty()) return;
    killed_why_ = std::move(why) + " and was killed";
    ++silences_;
    spdlog::error("{} {} (process {}) {}", specification_.role, specification_.name, pid(), killed_why_);
    kill_for(retry);
}

void SupervisedChild::ended(int wait_status) {
    const auto killed_why = std::exchange(killed_why_, "");
    last_end_ = killed_why.empty() ? describe_exit(wait_status) : killed_why;
    last_exit_code_ = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    // Before its first beat it has not read what it was given: no program, no memory, no thread.
    const bool has_begun = signs_of_life_.has_begun() || process_->has_beaten();
    retry_after_end_ =
        killed_for_ ? *std::exchange(killed_for_, std::nullopt) : retry_after(wait_status, has_begun);
    if (channel_) channel_->drain();  // its last words may tell why
    if (const auto call = std::exchange(forbidden_now_, ""); !call.empty())
        last_end_ = "made the system call " + call + ", which its role may not make, and was killed";
    if (!stopping_ && killed_why.empty())
        spdlog::error("{} {} {}", specification_.role, specification_.name, last_end_);
    process_.reset();
    look_timer_->cancel();
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
    if (channel_) channel_->end_sending();
}

void SupervisedChild::kill() {
    kill_for(Retry::later);
}

// It did not take a message, or its message could not be taken: for want of what the node lacks, perhaps.
void SupervisedChild::kill_after(const Error& error) {
    kill_for(counted_unless_nodes(error));
}

void SupervisedChild::kill_for(Retry retry) {
    if (!running()) return;
    if (!killed_for_) killed_for_ = retry;
    process_->kill();
}

Status SupervisedChild::send(const Packet& packet, std::span<const int> fds) {
    if (!channel_ || stopping_) return fail_for_now("not_running", "{} is not running", specification_.role);
    auto sent = channel_->send(packet, fds);
    if (!sent) {
        spdlog::error("{} {}: {}", specification_.role, specification_.name, sent.error().message);
        if (sent.error().code != "closed") kill_after(sent.error());  // else it ends by itself
    }
    return sent;
}

ChildStatus SupervisedChild::status() const {
    const auto state = silent()    ? ChildState::silent
                       : running() ? ChildState::running
                       : stopping_ ? ChildState::stopped
                                   : ChildState::restarting;
    return {specification_.role,
            specification_.name,
            running() ? process_->pid() : 0,
            state,
            restarts_,
            last_end_,
            silences_,
            forbidden_calls_,
            last_forbidden_};
}

}  // namespace hilum
