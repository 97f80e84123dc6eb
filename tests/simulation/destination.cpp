#include "simulation/destination.h"

#include "base/digest.h"

namespace hilum::simulation {

void Destination::take(Scene& scene, const std::string& sop_instance_uid, const std::string& bytes) {
    const auto sha256 = sha256_hex(bytes);
    const auto [known, first] = digests_.try_emplace(sop_instance_uid, sha256);
    scene.demand(first || known->second == sha256, "one UID, one object",
                 "{} got {} a second time with other bytes", name, sop_instance_uid);
    auto content = nlohmann::json::parse(bytes);
    if (first) check_order(scene, content);
    auto& held = held_[sop_instance_uid];
    held.sha256 = sha256;
    held.content = std::move(content);
    ++held.times;
    scene.tell("{} holds {} {} version {} of {}", name, held.content.at("kind").get<std::string>(),
               sop_instance_uid, held.content.at("version").get<int>(),
               held.content.at("study").get<std::string>());
}

// Who shows what came last shows the newest, unless an operator had an older one sent after it.
void Destination::check_order(Scene& scene, const nlohmann::json& content) const {
    if (content.at("kind") != "sr" || scene.retried.contains(content.at("study").get<std::string>())) return;
    for (const auto& [uid, held] : held_) {
        const auto& other = held.content;
        const bool newer = other.at("kind") == "sr" && other.at("study") == content.at("study") &&
                           other.at("model") == content.at("model") &&
                           other.at("version") > content.at("version");
        scene.demand(!newer, "an older report does not come after a newer one",
                     "{} got version {} of {} and holds version {}", name, content.at("version").get<int>(),
                     content.at("study").get<std::string>(), other.at("version").get<int>());
    }
}

}  // namespace hilum::simulation
