// A day in the life of a node: everybody who takes part, and what the script has them do.
#pragma once

#include "simulation/family.h"
#include "simulation/hospital.h"
#include "simulation/ledger.h"
#include "simulation/node_life.h"
#include "simulation/promises.h"
#include "simulation/script.h"
#include "simulation/world/process_calls.h"

namespace hilum::simulation {

class Day {
  public:
    Day(const Script& script, DataDirectory directory, bool printed);

    void play();  // throws BrokenPromise
    std::uint64_t digest() const { return trace_.digest(); }
    std::uint64_t events() const { return world_.events(); }
    int lives() const { return node_.lives(); }

  private:
    void perform(const Act& act);
    void surround(const Act& act);  // what befalls the node's surroundings
    void operate(const Act& act);   // what an operator does
    void pause(Destination& destination, Duration lasts);
    void predict(Image image);
    void kill(const Act& act);
    void run_until(Duration time);
    void clear_up();
    bool at_rest();
    void come_to_rest();
    void retry_what_failed();
    bool is_poison(const std::string& sop_instance_uid) const;
    void withdraw(const std::string& study);
    void for_a_while(Duration time, std::function<void()> undo);

    const Script& script_;
    Random random_;
    Trace trace_;
    Disk disk_{random_};
    SimulatedWorld world_{random_, disk_};
    StandIn stand_in_{[this] { return world_.now(); },
                      [this] { return static_cast<unsigned>(world_.random()); }};
    Ledger ledger_;
    Hospital hospital_;
    Scene scene_;
    Family family_{scene_};
    NodeLife node_;
    Site site_;
    Death doom_ = Death::killed;  // how the node dies in its next durable write
    Duration down_{0};
    bool over_ = false;  // the day: what was to be undone later is undone
    int commits_ = 0;
};

}  // namespace hilum::simulation
