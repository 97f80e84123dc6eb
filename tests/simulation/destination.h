// A PACS or viewer that results are sent to: it remembers what it holds, and goes away and comes back.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "simulation/scene.h"

namespace hilum::simulation {

class Destination {
  public:
    struct Held {
        std::string sha256;
        nlohmann::json content;  // of the result, in the simulation's words
        int times = 0;           // that it was sent
    };

    // Takes an object. The same UID with other bytes is a broken promise, also where it was held and lost.
    void take(Scene& scene, const std::string& sop_instance_uid, const std::string& bytes);
    void lose(const std::string& sop_instance_uid) { held_.erase(sop_instance_uid); }
    std::set<std::string> committed;  // it said that it keeps these
    bool holds(const std::string& sop_instance_uid) const { return held_.contains(sop_instance_uid); }
    const std::map<std::string, Held>& held() const { return held_; }

    std::string name;
    bool wants_captures = true;
    bool up = true;
    bool refusing = false;  // every object, with a status that blames it
    bool paused = false;    // an operator was told so by the node
    int sent_while_paused = 0;
    int orders = 0;                   // to pause or resume it
    std::set<std::string> withdrawn;  // an operator was told that these are not sent any more

  private:
    void check_order(Scene& scene, const nlohmann::json& content) const;

    std::map<std::string, Held> held_;
    std::map<std::string, std::string> digests_;  // of all that ever came
};

}  // namespace hilum::simulation
