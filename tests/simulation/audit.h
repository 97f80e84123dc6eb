// The audit trail: its chain holds, and it tells of every transition.
#pragma once

#include "simulation/scene.h"

namespace hilum::simulation {

void check_trail(Scene& scene);

}  // namespace hilum::simulation
