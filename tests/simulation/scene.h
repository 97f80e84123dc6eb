// What everybody in a simulation shares: the world, chance, the weather, and where broken promises are told.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "simulation/world/disk.h"
#include "simulation/world/random.h"
#include "simulation/world/simulated_world.h"
#include "simulation/world/trace.h"
#include "store/data_directory.h"

namespace hilum::simulation {

class Ledger;
class Hospital;

// How often a child does not do what it was asked, each time that it is asked.
struct Weather {
    double dies = 0;
    double hangs = 0;  // is alive and does not answer
    double garbles = 0;
    double late = 0;
    double twice = 0;
    double refuses = 0;     // a destination, of an object; a worker, of a package
    double fork_fails = 0;  // when a child is to be started
    double loses = 0;       // a destination, of what it took
};

// A promise of docs/architecture.md that was not kept.
struct BrokenPromise : std::runtime_error {
    BrokenPromise(std::string which, const std::string& how)
        : std::runtime_error(which + ": " + how), promise(std::move(which)) {}
    std::string promise;
};

struct Scene {
    SimulatedWorld& world;
    Random& random;
    Disk& disk;
    Trace& trace;
    DataDirectory directory;
    Ledger& ledger;
    Hospital& hospital;
    Weather weather;
    int package_version = 1;  // that lies in the models' folders
    struct Attempt {
        int number = 0;
        Duration at{0};
    };
    std::map<std::string, Attempt> last_attempts;  // at each work, in this life of the node
    std::set<std::string> retried = {};  // studies: what a failed attempt left is no longer told by its error
    double claims_lost = 0;              // how often, each time that a child is asked (lost_claims.h)
    Random random_of_claims{0};          // of its own: days without them stay as they are
    double files_damaged = 0;            // how often, each time that a result is sent (damaged_files.h)
    Random random_of_damage{0};
    double objects_damaged = 0;                       // how often, each time that a received object is read
    std::set<std::string> damaged_objects = {};       // by the digests of their data sets
    std::map<std::string, std::string> damaged = {};  // results by SOP Instance UID, as they were

    template <typename... Args>
    void tell(fmt::format_string<Args...> format, Args&&... args) {
        trace.tell(world.elapsed(), format, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void demand(bool kept, const char* promise, fmt::format_string<Args...> format, Args&&... args) {
        if (!kept) throw BrokenPromise(promise, fmt::format(format, std::forward<Args>(args)...));
    }
};

}  // namespace hilum::simulation
