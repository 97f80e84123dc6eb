// What a bad disk does to results that wait for their destination: the file is gone, empty or another.
#pragma once

#include <string>

#include "simulation/scene.h"

namespace hilum::simulation {

// Whether the file of this result is damaged now. Once for each result at most, so that what is composed anew
// arrives.
bool file_is_damaged(Scene& scene, const std::string& sop_instance_uid);

}  // namespace hilum::simulation
