#include "simulation/lost_claims.h"

#include "base/clock.h"
#include "simulation/ledger.h"

namespace hilum::simulation {
namespace {

constexpr std::chrono::seconds lease_of_the_lost(20);

bool happens(Scene& scene) {
    return scene.random_of_claims.chance(scene.claims_lost) && !scene.disk.ill();
}

}  // namespace

bool lease_passes(Scene& scene, std::int64_t report) {
    if (!happens(scene) || !scene.ledger.let_lease_pass(report)) return false;
    scene.tell("the lease of report {} passes", report);
    scene.last_attempts.clear();  // what is taken up waits for nothing
    return true;
}

void owner_is_lost(Scene& scene, const std::string& lane) {
    if (!happens(scene)) return;
    const auto lease = to_microseconds(scene.world.now() + lease_of_the_lost);
    if (scene.ledger.lose_owner(lane, lease)) scene.tell("a claim in {} has lost its owner", lane);
}

}  // namespace hilum::simulation
