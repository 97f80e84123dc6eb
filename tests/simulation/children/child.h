// A child process of the node, played: it reads its channel and answers as the real one would, or as the
// weather has it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "contract/messages/composing.h"
#include "contract/messages/decoding.h"
#include "contract/messages/inference.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/receiving.h"
#include "contract/messages/scanning.h"
#include "contract/messages/sending.h"
#include "simulation/scene.h"

namespace hilum::simulation {

class Child {
  public:
    struct Birth {
        pid_t pid;
        std::string role, name;
        Channel channel;
    };
    Child(Scene& scene, Birth birth);
    virtual ~Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    virtual void begin() {}
    virtual void power_cut() {}    // of the machine: what it was writing is cut off
    void end(int wait_status);     // it runs no more; its end of the channel is closed
    void stop_for(Duration time);  // SIGSTOP, and SIGCONT later
    bool stopped() const { return stopped_; }
    bool running() const { return static_cast<bool>(channel_); }
    pid_t pid() const { return pid_; }
    const std::string& role() const { return role_; }
    const std::string& name() const { return name_; }

  protected:
    virtual void hear(Message message) = 0;
    virtual void channel_closed() { end(0); }
    virtual void ended() {}

    void later(Duration wait, std::function<void()> act);  // unless it has ended by then
    void say(const Packet& packet, std::span<const int> fds = {});
    // What takes it `typical` time, after which it answers; or what the weather makes of that.
    void respond(Duration typical, std::function<void()> answer);

    Scene& scene_;

  private:
    void read();
    void watch();

    pid_t pid_;
    std::string role_, name_;
    Channel channel_;
    std::unique_ptr<Watch> watch_;
    const unsigned born_in_ = scene_.world.life();
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool stopped_ = false;
};

inline constexpr int killed_status = 9;    // as waitpid(2) has it
inline constexpr int crashed_status = 11;  // SIGSEGV

}  // namespace hilum::simulation
