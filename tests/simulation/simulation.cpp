#include "simulation/simulation.h"

#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "simulation/day.h"
#include "simulation/world/full_disk_vfs.h"
#include "store/database/database.h"

namespace hilum::simulation {
namespace {

namespace fs = std::filesystem;

// A data directory of the simulation's own, in memory.
class Folder {
  public:
    Folder() {
        std::string name = "/dev/shm/hilum-simulation-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder in /dev/shm");
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

// Migrations take longer than a simulated hour: they run once.
void put_empty_database(const DataDirectory& directory) {
    static const Folder folder;
    static const fs::path made = [] {
        const auto file = folder.path() / "hilum.db";
        if (auto opened = Database::open(file, Database::Access::read_write); !opened)
            throw std::runtime_error(opened.error().message);
        return file;
    }();
    fs::copy_file(made, directory.database());
}

Outcome play_here(const Script& script, bool printed) {
    const Folder folder;
    put_empty_database({folder.path()});
    Outcome outcome;
    Day day(script, {folder.path()}, printed);
    try {
        day.play();
    } catch (const BrokenPromise& broken) {
        outcome.promise = broken.promise;
        outcome.how = broken.what();
    } catch (const std::exception& error) {
        outcome.promise = "the node does not fail";
        outcome.how = error.what();
    }
    outcome.digest = day.digest();
    outcome.events = day.events();
    outcome.lives = day.lives();
    return outcome;
}

}  // namespace

// In a thread of its own, so that what the node keeps for a thread begins anew with each day.
Outcome play(const Script& script, bool printed) {
    FullDiskVfs::install();
    spdlog::set_level(printed ? spdlog::level::debug : spdlog::level::off);
    Outcome outcome;
    std::thread([&] { outcome = play_here(script, printed); }).join();
    return outcome;
}

Script shrink(const Script& script, const std::string& promise) {
    Script best = script;
    for (std::size_t chunk = std::max<std::size_t>(best.acts.size() / 2, 1);;
         chunk = std::max<std::size_t>(chunk / 2, 1)) {
        bool any = false;
        for (std::size_t from = 0; from < best.acts.size();) {
            Script less = best;
            const auto begin = less.acts.begin() + static_cast<std::ptrdiff_t>(from);
            less.acts.erase(begin,
                            begin + static_cast<std::ptrdiff_t>(std::min(chunk, less.acts.size() - from)));
            if (play(less).promise == promise) {
                best = std::move(less);
                any = true;
            } else {
                from += chunk;
            }
        }
        if (chunk == 1 && !any) return best;
    }
}

}  // namespace hilum::simulation
