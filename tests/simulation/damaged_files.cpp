#include "simulation/damaged_files.h"

#include <filesystem>
#include <fstream>

#include "base/file_system.h"
#include "simulation/hospital.h"
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

bool object_is_damaged_now(Scene& scene, const Image& image) {
    if (scene.objects_damaged == 0 || !scene.random_of_damage.chance(scene.objects_damaged)) return false;
    const auto sha256 = image.dataset_sha256();
    const auto stored = scene.ledger.image(image.sop_instance_uid, sha256);
    if (!stored || !scene.damaged_objects.insert(sha256).second) return false;
    const auto file = scene.directory.spool() / stored->file;
    auto other = image;
    other.accession_number += "9";  // another patient's
    const auto bytes = to_file(other);
    if (scene.random_of_damage.chance(0.3))
        std::filesystem::remove(file);
    else if (scene.random_of_damage.chance(0.5))
        std::filesystem::resize_file(file, scene.random_of_damage.below(20));
    else
        std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    scene.tell("the stored {} {:.8} is damaged", image.sop_instance_uid, sha256);
    scene.hospital.send_again_when_asked(image.study_instance_uid, image.sop_instance_uid);
    return true;
}

bool is_whole(Scene& scene, std::string_view file, const std::string& dataset_sha256) {
    const auto image = from_file(file);
    const bool same = image && image->dataset_sha256() == dataset_sha256;
    scene.demand(same || scene.damaged_objects.contains(dataset_sha256), "stored, then acknowledged",
                 "a file of the spool is not what was stored");
    return same && !object_is_damaged_now(scene, *image);
}

}  // namespace hilum::simulation
