// Plays simulated days: see tools/simulate.
#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <iostream>

#include "simulation/simulation.h"

namespace {

using namespace hilum::simulation;

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void tell(std::uint64_t seed, const Outcome& outcome) {
    fmt::print("seed {}: {}\n", seed, outcome.promise.empty() ? "kept" : outcome.how);
    std::fflush(stdout);
}

void tell_script(const Script& script) {
    for (const auto& act : script.acts)
        fmt::print("  {:>12.6f}  {}\n", std::chrono::duration<double>(act.at).count(), describe(act));
    for (const auto& image : script.images)
        fmt::print("  image {} {} pixels {} header {}\n", image.sop_instance_uid, image.kind, image.pixels,
                   image.header);
}

int play_one(std::uint64_t seed, bool shrunk, bool printed) {
    Script script = write_script(seed);
    auto outcome = play(script, printed && !shrunk);
    tell(seed, outcome);
    if (shrunk && !outcome.promise.empty()) {
        script = shrink(script, outcome.promise);
        if (printed) play(script, true);
        tell_script(script);
        tell(seed, play(script));
    }
    fmt::print("digest {:016x}, {} events, {} lives of the node\n", outcome.digest, outcome.events,
               outcome.lives);
    return outcome.promise.empty() ? 0 : 1;
}

// Every step-th seed, so that several processes can share the work.
int play_many(std::uint64_t from, std::uint64_t count, std::uint64_t step, bool stops) {
    std::uint64_t broken = 0, played = 0;
    const double began = cpu_seconds();
    for (std::uint64_t seed = from; seed < from + count; seed += step) {
        const auto outcome = play(write_script(seed));
        ++played;
        if (outcome.promise.empty()) continue;
        ++broken;
        tell(seed, outcome);
        if (stops) break;
    }
    fmt::print("{} days played, {} with a broken promise, {:.0f} ms of CPU each\n", played, broken,
               1000 * (cpu_seconds() - began) / static_cast<double>(played));
    return broken == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Plays simulated days against the node's coordinator");
    std::uint64_t seed = 0, seeds = 0, from = 1, step = 1;
    bool shrunk = false, printed = false, stops = false;
    app.add_option("--seed", seed, "play this one");
    app.add_flag("--shrink", shrunk, "with --seed: leave out what does not matter");
    app.add_flag("--print", printed, "with --seed: tell everything that happens");
    app.add_option("--seeds", seeds, "play so many");
    app.add_option("--from", from, "beginning with this one");
    app.add_option("--step", step, "every so-manieth of them");
    app.add_flag("--stop", stops, "at the first that breaks a promise");
    CLI11_PARSE(app, argc, argv);
    if (seeds > 0) return play_many(from, seeds, step, stops);
    return play_one(seed, shrunk, printed);
}
