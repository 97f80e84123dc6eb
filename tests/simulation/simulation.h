// One simulated day: plays a script against the node, lets the weather clear, waits until nothing is left to
// do, and asks whether every promise was kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/script.h"

namespace hilum::simulation {

struct Outcome {
    std::string promise;  // that was broken; empty: none
    std::string how;
    std::uint64_t digest = 0;  // of everything that happened
    std::uint64_t events = 0;  // of the world
    int lives = 0;             // of the node
};

Outcome play(const Script& script, bool printed = false);

// The fewest acts of the script, as far as leaving out can tell, that break the same promise.
Script shrink(const Script& script, const std::string& promise);

}  // namespace hilum::simulation
