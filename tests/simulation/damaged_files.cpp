#include "simulation/damaged_files.h"

#include <filesystem>
#include <fstream>

#include "base/file_system.h"
#include "simulation/ledger.h"

namespace hilum::simulation {

bool file_is_damaged(Scene& scene, const std::string& sop_instance_uid) {
    if (scene.files_damaged == 0 || !scene.random_of_damage.chance(scene.files_damaged)) return false;
    const auto result = scene.ledger.result(sop_instance_uid);
    if (!result || scene.damaged.contains(sop_instance_uid)) return false;
    const auto file = scene.directory.results() / result->file;
    scene.damaged[sop_instance_uid] = read_file(file, 1 << 20).value();
    if (scene.random_of_damage.chance(0.3))
        std::filesystem::remove(file);
    else if (scene.random_of_damage.chance(0.3))
        std::filesystem::resize_file(file, 0);
    else
        std::ofstream(file, std::ios::binary | std::ios::app) << "damage";
    scene.tell("the file of {} is damaged", sop_instance_uid);
    return true;
}

}  // namespace hilum::simulation
