#include "simulation/world/simulated_world.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <deque>
#include <stdexcept>
#include <utility>

namespace hilum::simulation {
namespace {

using std::chrono::microseconds;

constexpr Timestamp first_morning{std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) +
                                  std::chrono::hours(6)};
constexpr Duration least_work = microseconds(100), most_work = microseconds(30'000);
constexpr Duration least_latency = microseconds(5), most_latency = microseconds(400);
constexpr std::uint64_t most_events_a_second = 200'000;

}  // namespace

class SimulatedTimer final : public Timer {
  public:
    explicit SimulatedTimer(SimulatedWorld& world) : world_(world) {}
    ~SimulatedTimer() override { cancel(); }
    void start(Duration wait, std::function<void()> due) override {
        cancel();
        state_ = std::make_shared<std::function<void()>>(std::move(due));
        world_.schedule(world_.elapsed_ + std::max(wait, Duration::zero()), world_.life_,
                        [state = std::weak_ptr(state_)] {
                            const auto held = state.lock();
                            if (held && *held) std::exchange(*held, nullptr)();
                        });
    }
    void cancel() override { state_.reset(); }

  private:
    SimulatedWorld& world_;
    std::shared_ptr<std::function<void()>> state_;
};

class SimulatedBackground final : public Background {
  public:
    explicit SimulatedBackground(SimulatedWorld& world) : world_(world) {}
    ~SimulatedBackground() override {
        if (world_.dying_) return;
        while (!queue_->empty()) run_first(*queue_);
    }
    void post(std::function<void()> work) override {
        queue_->push_back(std::move(work));
        world_.longest_queue_ = std::max(world_.longest_queue_, queue_->size());
        if (queue_->size() == 1) begin_first(world_, queue_);
    }

  private:
    using Queue = std::deque<std::function<void()>>;
    static void run_first(Queue& queue) {
        const auto work = std::move(queue.front());
        work();
        queue.pop_front();
    }
    static void begin_first(SimulatedWorld& world, const std::shared_ptr<Queue>& queue) {
        world.schedule(world.elapsed_ + world.background_random_.between(least_work, most_work), world.life_,
                       [&world, weak = std::weak_ptr(queue)] {
                           const auto held = weak.lock();
                           if (!held || held->empty()) return;
                           world.ran_background_ = true;
                           run_first(*held);
                           if (!held->empty()) begin_first(world, held);
                       });
    }

    SimulatedWorld& world_;
    std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

class SimulatedWatch final : public Watch {
  public:
    SimulatedWatch(SimulatedWorld& world, std::uint64_t id) : world_(world), id_(id) {}
    ~SimulatedWatch() override { world_.remove_watch(id_); }

  private:
    SimulatedWorld& world_;
    std::uint64_t id_;
};

class SimulatedProcess final : public RunningProcess {
  public:
    SimulatedProcess(SimulatedWorld& world, pid_t pid) : world_(world), pid_(pid) {}
    ~SimulatedProcess() override {
        if (world_.running_.erase(pid_) > 0 && !world_.dying_) world_.household_->kill(pid_);
    }
    pid_t pid() const override { return pid_; }
    bool has_beaten() override { return world_.household_->beats(pid_); }
    void kill() override { world_.household_->kill(pid_); }

  private:
    SimulatedWorld& world_;
    pid_t pid_;
};

class OverseenProcess final : public LivingProcess {
  public:
    OverseenProcess(Household& household, pid_t pid) : household_(household), pid_(pid) {}
    bool has_beaten() override { return household_.beats(pid_); }
    void kill() override { household_.kill(pid_); }

  private:
    Household& household_;
    pid_t pid_;
};

SimulatedWorld::SimulatedWorld(Random& random, Files& files)
    : random_(random),
      background_random_(random.next()),
      files_(files),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

// Reading a clock takes a moment, so that no two readings are the same.
Timestamp SimulatedWorld::now() const {
    elapsed_ += microseconds(1);
    return first_morning + elapsed_ + wall_offset_;
}

MonotonicTime SimulatedWorld::monotonic() const {
    elapsed_ += microseconds(1);
    return MonotonicTime(std::chrono::hours(1) + elapsed_);
}

Duration SimulatedWorld::since_boot() const {
    elapsed_ += microseconds(1);
    return std::chrono::hours(1) + elapsed_;
}

bool SimulatedWorld::later(const Event& a, const Event& b) {
    return std::pair(a.at, a.sequence) > std::pair(b.at, b.sequence);
}

void SimulatedWorld::schedule(Duration at, unsigned life, Action action) {
    queue_.push_back({std::max(at, elapsed_), ++sequence_, life, std::move(action)});
    std::push_heap(queue_.begin(), queue_.end(), later);
}

void SimulatedWorld::post(Action action) {
    schedule(elapsed_, life_, std::move(action));
}

void SimulatedWorld::after(Duration wait, Action action) {
    schedule(elapsed_ + wait, 0, std::move(action));
}

std::unique_ptr<Timer> SimulatedWorld::make_timer() {
    return std::make_unique<SimulatedTimer>(*this);
}

std::unique_ptr<Background> SimulatedWorld::make_background() {
    return std::make_unique<SimulatedBackground>(*this);
}

std::unique_ptr<Watch> SimulatedWorld::watch(int fd, Action readable) {
    return add_watch(fd, life_, std::move(readable));
}

std::unique_ptr<Watch> SimulatedWorld::watch_for_ever(int fd, Action readable) {
    return add_watch(fd, 0, std::move(readable));
}

std::unique_ptr<Watch> SimulatedWorld::add_watch(int fd, unsigned life, Action readable) {
    const auto id = next_watch_++;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        throw std::runtime_error("a descriptor is watched twice, or is none");
    watches_[id] = {fd, life, std::make_shared<Action>(std::move(readable)), false};
    return std::make_unique<SimulatedWatch>(*this, id);
}

void SimulatedWorld::remove_watch(std::uint64_t id) {
    const auto gone = watches_.extract(id);
    if (!gone.empty()) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, gone.mapped().fd, nullptr);
}

void SimulatedWorld::look_at_descriptors() {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    std::vector<std::uint64_t> ready;
    for (int i = 0; i < count; ++i) ready.push_back(events[static_cast<std::size_t>(i)].data.u64);
    std::sort(ready.begin(), ready.end());  // the kernel's order is nobody's
    for (const auto id : ready) {
        auto& watched = watches_.at(id);
        if (std::exchange(watched.told, true)) continue;
        schedule(elapsed_ + random_.between(least_latency, most_latency), watched.life,
                 [this, id] { on_readable(id); });
    }
}

void SimulatedWorld::on_readable(std::uint64_t id) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) return;
    found->second.told = false;
    const auto readable = found->second.readable;  // it may destroy the watch
    (*readable)();
}

Result<std::unique_ptr<RunningProcess>> SimulatedWorld::spawn(const SpawnOptions& options,
                                                              std::function<void(int)> ended) {
    const auto pid = next_pid();
    UniqueFd channel(::fcntl(options.descriptors.at(0), F_DUPFD_CLOEXEC, 0));
    if (!household_->begin(pid, options, std::move(channel)))
        return fail_for_now("system", "cannot fork: Resource temporarily unavailable");
    running_[pid] = std::move(ended);
    return std::make_unique<SimulatedProcess>(*this, pid);
}

std::unique_ptr<LivingProcess> SimulatedWorld::oversee(pid_t pid, UniqueFd, UniqueFd) {
    return std::make_unique<OverseenProcess>(*household_, pid);
}

void SimulatedWorld::tell_end(pid_t pid, int wait_status) {
    if (!running_.contains(pid)) return;
    schedule(elapsed_ + random_.between(microseconds(50), microseconds(3000)), life_,
             [this, pid, wait_status] {
                 const auto found = running_.extract(pid);
                 if (!found.empty()) found.mapped()(wait_status);
             });
}

bool SimulatedWorld::run_one(Duration until) {
    for (;;) {
        if (queue_.empty() || queue_.front().at > until) {
            elapsed_ = std::max(elapsed_, until);
            return false;
        }
        std::pop_heap(queue_.begin(), queue_.end(), later);
        const Event event = std::move(queue_.back());
        queue_.pop_back();
        if (event.life != 0 && event.life != life_) continue;
        elapsed_ = std::max(elapsed_, event.at);
        if (elapsed_ - busy_since_ > std::chrono::seconds(1)) busy_events_ = 0, busy_since_ = elapsed_;
        if (++busy_events_ > most_events_a_second) throw std::runtime_error("the node runs in circles");
        event.action();
        look_at_descriptors();
        return true;
    }
}

void SimulatedWorld::end_life(End how, const Action& destroy) {
    dying_ = how == End::killed;
    destroy();
    ++life_;
    running_.clear();
    std::erase_if(queue_, [this](const Event& event) { return event.life != 0 && event.life != life_; });
    std::make_heap(queue_.begin(), queue_.end(), later);
    dying_ = false;
}

bool SimulatedWorld::ran_background() {
    return std::exchange(ran_background_, false);
}

}  // namespace hilum::simulation
