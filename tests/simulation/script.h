// What happens in a simulated day, made from its seed before the day begins: a list of acts, of which any
// part can be played alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "simulation/image.h"
#include "simulation/scene.h"

namespace hilum::simulation {

enum class What {
    image_comes,   // a: which
    storm,         // the children do as storms[a] has it, for `lasts`
    clock_is_set,  // by `lasts`, either way
    node_dies,  // a: Death; b: 0 between two events, else within the next durable write, at WriteState b - 1
    node_is_restarted,    // in order; starts again after `lasts`
    child_is_killed,      // a: of roles; b: which of them
    child_is_stopped,     // likewise, for `lasts`
    destination_goes,     // a: which, for `lasts`
    destination_refuses,  // likewise: every object
    disk_fills,           // for `lasts`
    disk_fails,           // a: 0 its writes, 1 its syncs, for `lasts`
    operator_pauses,      // a: the destination, for `lasts`
    operator_retries,     // a: the study
    operator_discards,
    operator_resends,
    operator_withdraws,
    package_is_changed,  // and loaded anew
    somebody_predicts,   // over HTTP; a: with which image
    operator_holds,      // a: the study
};

struct Act {
    Duration at{0};
    What what = What::image_comes;
    std::int64_t a = 0, b = 0;
    Duration lasts{0};
};
std::string describe(const Act& act);

struct Script {
    std::uint64_t seed = 0;
    std::vector<Image> images;
    std::vector<std::string> studies;  // Study Instance UIDs
    std::vector<Act> acts;             // by time
    Duration length{0};                // of the day
    bool second_model = false, close_on_release = false, gives_up_early = false, two_devices = false,
         loses_claims = false, damages_files = false, damages_objects = false, two_composers = false;
    bool retains = false;      // little: files go within the day
    std::uint64_t budget = 0;  // bytes, then; 0: none
};
Script write_script(std::uint64_t seed);

inline constexpr int destinations_of_script = 3;
const std::vector<Weather>& storms();

}  // namespace hilum::simulation
