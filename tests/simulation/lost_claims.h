// What befalls claims when the machine sleeps or a lane is no more: a lease passes while its owner still
// works, or nobody works on what is claimed. The node takes both up again, and keeps nothing of a late
// answer.
#pragma once

#include <cstdint>
#include <string>

#include "simulation/scene.h"

namespace hilum::simulation {

// The lease of who composes this report passes now; by the time that he answers, it was taken up again.
bool lease_passes(Scene& scene, std::int64_t report);
inline constexpr Duration answer_too_late = std::chrono::seconds(45);

// A job that waits in this lane is claimed by somebody who is gone.
void owner_is_lost(Scene& scene, const std::string& lane);

}  // namespace hilum::simulation
