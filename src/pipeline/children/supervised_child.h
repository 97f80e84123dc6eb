// One child process of the coordinator: started, watched, killed where it gives no sign of life, and started
// again after a growing delay when it ends.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/world.h"
#include "contract/messages/monitoring.h"
#include "pipeline/children/channel_watcher.h"
#include "pipeline/children/signs_of_life.h"

namespace hilum {

struct ChildSpecification {
    std::string role;                    // listener | decoder | worker | composer | sender | http
    std::string name;                    // tells children of one role apart
    std::vector<std::string> arguments;  // program first
    int configuration_fd = -1;           // a memfd with the configuration's text; becomes descriptor 4
    bool dies_with_parent =
        true;  // killed with the coordinator; the listener and receivers end by themselves
    bool binds_privileged_port = false;  // below 1024 (SpawnOptions)
    int nicer_by = 0;                    // than the coordinator (SpawnOptions)
    Duration longest_silence = SignsOfLife::usual_silence;
    Duration longest_start{0};  // until it says its first word; 0: it says nothing unasked
};

class SupervisedChild {
  public:
    struct Callbacks {
        std::function<void(Message)> on_message;
        std::function<void(const std::string& how)> on_ended;  // before it is started again
        std::function<void()> on_changed;                      // its state changed
    };

    SupervisedChild(World& world, ChildSpecification specification, Callbacks callbacks);
    ~SupervisedChild();  // kills it if it still runs

    void start();
    // It sees its channel close, ends by itself or by kill(), and is not started again. What it says until
    // then is heard: it may be what became of its last work.
    void stop();
    void kill();  // SIGKILL; without stop() before, it is started again
    bool running() const { return process_ != nullptr; }
    bool stopped() const { return stopping_; }
    bool silent() const { return running() && life_ != SignsOfLife::Verdict::alive; }
    pid_t pid() const { return running() ? process_->pid() : -1; }
    const std::string& name() const { return specification_.name; }
    int last_exit_code() const { return last_exit_code_; }  // -1: a signal, or it has not ended yet
    // Of what it worked on when it ended last: `once_mended` where it said that the node lacks something, had
    // not begun, was silent, or was killed by somebody else, as the kernel does that is out of memory: its
    // own is limited.
    Retry retry_after_end() const { return retry_after_end_; }

    // Fails when it does not run, or was stopped. A child that cannot take a message is killed.
    Status send(const Packet& packet, std::span<const int> fds = {});

    // Somebody who belongs to it, or itself where `who` is empty, dies of a system call of that number.
    void note_forbidden_call(const std::string& who, int number);

    // It did something useful (is ready): the next failure restarts it soon again.
    void prosper();

    ChildStatus status() const;

  private:
    void launch();
    void schedule_restart();
    void hear(Message message);
    void ended(int wait_status);
    void begin_to_look();
    void look_later();
    void look();
    void kill_silent(std::string why, Retry retry);
    void kill_after(const Error& error);
    void kill_for(Retry retry);

    World& world_;
    ChildSpecification specification_;
    Callbacks callbacks_;
    std::unique_ptr<RunningProcess> process_;
    std::shared_ptr<ChannelWatcher> channel_;
    std::unique_ptr<Timer> restart_timer_, look_timer_;
    std::chrono::milliseconds delay_{0};
    bool stopping_ = false;
    SignsOfLife signs_of_life_;
    SignsOfLife::Verdict life_ = SignsOfLife::Verdict::alive;
    Duration wordless_{0};     // since its start
    std::string killed_why_;   // since it is silent; it is about to end
    bool has_spoken_ = false;  // since its start
    int restarts_ = 0, silences_ = 0, forbidden_calls_ = 0;
    std::string last_end_, last_forbidden_, forbidden_now_;
    int last_exit_code_ = -1;
    std::optional<Retry> killed_for_;  // by us; it is about to end
    Retry retry_after_end_ = Retry::later;
};

}  // namespace hilum
