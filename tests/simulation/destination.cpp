#include "simulation/destination.h"

#include "base/digest.h"

namespace hilum::simulation {

void Destination::take(Scene& scene, const std::string& sop_instance_uid, const std::string& bytes) {
    const auto sha256 = sha256_hex(bytes);
    const auto [known, first] = digests_.try_emplace(sop_instance_uid, sha256);
    scene.demand(first || known->second == sha256, "one UID, one object",
                 "{} got {} a second time with other bytes", name, sop_instance_uid);
    auto& held = held_[sop_instance_uid];
    held.sha256 = sha256;
    held.content = nlohmann::json::parse(bytes);
    ++held.times;
    scene.tell("{} holds {} {} version {} of {}", name, held.content.at("kind").get<std::string>(),
               sop_instance_uid, held.content.at("version").get<int>(),
               held.content.at("study").get<std::string>());
}

}  // namespace hilum::simulation
