// The node of a simulation, from start to start: the real one, with its real database, in the simulated
// world.
#pragma once

#include <memory>

#include "contract/configuration.h"
#include "simulation/family.h"
#include "simulation/script.h"

namespace hilum {
class Node;
}

namespace hilum::simulation {

Configuration configuration_of(const Script& script, const DataDirectory& directory);

class NodeLife {
  public:
    NodeLife(Scene& scene, Family& family, Configuration configuration);
    ~NodeLife();

    void start();
    void start_after(Duration wait);
    void die(Death death, Duration down);
    void restart(Duration down);  // drains, ends, and starts again after `down`
    // Asks as an operator does, again where the node ends before it answers, as long as it is `wanted`;
    // `answered` gets what it said.
    void ask(
        nlohmann::json request, std::function<void(const nlohmann::json&)> answered,
        std::function<bool()> wanted = [] { return true; });
    void ask_no_more() { ++asking_; }  // what was asked and is not answered yet
    bool running() const { return node_ != nullptr; }
    int lives() const { return lives_; }

  private:
    Status open();
    void finished(int exit_code, Duration down);

    Scene& scene_;
    Family& family_;
    Configuration configuration_;
    UniqueFd lock_;
    std::unique_ptr<Node> node_;
    Duration down_{0};
    int lives_ = 0, asking_ = 0;
    bool draining_ = false, starting_ = false;
};

}  // namespace hilum::simulation
