// All the children that run: those that the node started, and the receivers that the listener forked.
#pragma once

#include <map>
#include <memory>

#include "simulation/children/child.h"
#include "simulation/image.h"

namespace hilum::simulation {

class Family final : public Household {
  public:
    explicit Family(Scene& scene) : scene_(scene) {}

    bool begin(pid_t pid, const SpawnOptions& options, UniqueFd channel) override;
    void kill(pid_t pid) override;
    bool beats(pid_t pid) override;

    bool connect(std::vector<Image> images);  // to the listener, which forks a receiver
    void node_died(Death death);              // its children follow it, or the machine went with all of them
    void predict(const std::string& file);

    // What an operator or the system does to one of the role that runs, the nth (mod how many there are).
    enum class Mishap { killed, stopped };
    void befall(Mishap mishap, const std::string& role, std::int64_t nth, Duration time);

    std::size_t size() const { return children_.size(); }
    void check_claims() const;  // no two decoders at work on one thing

  private:
    std::unique_ptr<Child> make(const std::string& role, Child::Birth birth);
    void sweep();  // forgets those that have ended

    Scene& scene_;
    std::map<pid_t, std::unique_ptr<Child>> children_;
    bool sweeping_ = false;
};

inline constexpr const char* roles[] = {"listener", "receiver", "decoder", "worker",
                                        "composer", "sender",   "http"};

}  // namespace hilum::simulation
