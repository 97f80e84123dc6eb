// What the node still takes from its process and not from its World: the wall clock and chance of the store's
// innards. While somebody stands in, both are the simulated ones.
#pragma once

#include <functional>

#include "base/clock.h"

namespace hilum::simulation {

// In this thread, for as long as it lives.
class StandIn {
  public:
    StandIn(std::function<Timestamp()> now, std::function<unsigned()> random);
    ~StandIn();
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;
};

}  // namespace hilum::simulation
