// A World in which nothing happens but what is due: one queue of events in the order of their simulated
// times, run by one thread. The node's own events end with the node; the simulation's go on. Readiness is
// that of real descriptors, looked at after each event.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/world.h"
#include "simulation/world/random.h"

namespace hilum::simulation {

// Thrown through the node's own code where its process ends in the middle of it. Derived from nothing, so
// that nobody takes it for an error.
struct ProcessDied {};

// Who plays the node's children.
class Household {
  public:
    virtual ~Household() = default;
    virtual bool begin(pid_t pid, const SpawnOptions& options, UniqueFd channel) = 0;  // false: cannot fork
    virtual void kill(pid_t pid) = 0;
    virtual bool beats(pid_t) { return true; }  // its heart: it is not stopped
};

class SimulatedWorld final : public World {
  public:
    using Action = std::function<void()>;

    SimulatedWorld(Random& random, Files& files);
    void raise(Household& household) { household_ = &household; }

    // ---- as the node sees it ----
    Timestamp now() const override;
    MonotonicTime monotonic() const override;
    Duration since_boot() const override;
    std::uint64_t random() override { return random_.next(); }
    void post(Action action) override;
    std::unique_ptr<Timer> make_timer() override;
    std::unique_ptr<Background> make_background() override;
    std::unique_ptr<Watch> watch(int fd, Action readable) override;
    Result<std::unique_ptr<RunningProcess>> spawn(const SpawnOptions& options,
                                                  std::function<void(int)> ended) override;
    std::unique_ptr<LivingProcess> oversee(pid_t pid, UniqueFd pidfd, UniqueFd heartbeat) override;
    Files& files() override { return files_; }

    // ---- as the simulation does ----
    Duration elapsed() const { return elapsed_; }
    unsigned life() const { return life_; }                          // of the node, counted from 1
    void after(Duration wait, Action action);                        // survives the node
    std::unique_ptr<Watch> watch_for_ever(int fd, Action readable);  // likewise
    void set_wall_clock(Duration by) { wall_offset_ += by; }
    pid_t next_pid() { return ++last_pid_; }
    void tell_end(pid_t pid, int wait_status);  // a child has ended: the node hears of it soon

    // The next event, unless there is none before `until`. What the node's process throws goes through.
    bool run_one(Duration until);
    // Destroys the node by `destroy`; what it had asked for does not happen. Killed, its destructors do
    // nothing to the outside; else they finish what waits, as those of a process that ends in order.
    enum class End { in_order, killed };
    void end_life(End how, const Action& destroy);
    bool ran_background();  // since it was last asked

    std::uint64_t events() const { return sequence_; }
    std::size_t watched() const { return watches_.size(); }
    std::size_t longest_queue() const { return longest_queue_; }  // of a Background
    std::size_t waiting() const { return queue_.size(); }

  private:
    friend class SimulatedTimer;
    friend class SimulatedBackground;
    friend class SimulatedWatch;
    friend class SimulatedProcess;
    struct Event {
        Duration at;
        std::uint64_t sequence;
        unsigned life;  // of the node whose event it is; 0: the simulation's
        Action action;
    };
    struct Watched {
        int fd;
        unsigned life;
        std::shared_ptr<Action> readable;
        bool told;  // its event waits
    };
    static bool later(const Event& a, const Event& b);
    void schedule(Duration at, unsigned life, Action action);
    std::unique_ptr<Watch> add_watch(int fd, unsigned life, Action readable);
    void remove_watch(std::uint64_t id);
    void look_at_descriptors();
    void on_readable(std::uint64_t id);

    Random& random_;
    Random background_random_;  // of its own, so that one commit more or less changes nothing else of a day
    Files& files_;
    Household* household_ = nullptr;
    UniqueFd epoll_;
    mutable Duration elapsed_{0};
    Duration wall_offset_{0}, busy_since_{0};
    unsigned life_ = 1;
    bool dying_ = false, ran_background_ = false;
    std::uint64_t sequence_ = 0, next_watch_ = 1, busy_events_ = 0;
    pid_t last_pid_ = 1000;
    std::size_t longest_queue_ = 0;
    std::vector<Event> queue_;  // a heap
    std::map<std::uint64_t, Watched> watches_;
    std::map<pid_t, std::function<void(int)>> running_;
};

}  // namespace hilum::simulation
