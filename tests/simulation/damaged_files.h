// What a bad disk does to results that wait for their destination, and to received objects: the file is gone,
// empty or another.
#pragma once

#include <string>

#include "simulation/image.h"
#include "simulation/scene.h"

namespace hilum::simulation {

// Whether the file of this result is damaged now. Once for each result at most, so that what is composed anew
// arrives.
bool file_is_damaged(Scene& scene, const std::string& sop_instance_uid);

// The same of a received object in the spool, when it is about to be read. The PACS sends it again once the
// node says that it is damaged.
bool object_is_damaged_now(Scene& scene, const Image& image);

// Whether what was read is what was received, or may be something else.
bool is_whole(Scene& scene, std::string_view file, const std::string& dataset_sha256);

}  // namespace hilum::simulation
