#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

namespace hilum::simulation {
namespace {

TEST(Simulation, ReplaysASeedBitForBit) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto first = play(write_script(seed)), second = play(write_script(seed));
        EXPECT_EQ(first.digest, second.digest) << "seed " << seed;
        EXPECT_EQ(first.events, second.events) << "seed " << seed;
    }
}

TEST(Simulation, ScriptsDiffer) {
    EXPECT_NE(play(write_script(1)).digest, play(write_script(2)).digest);
}

// The seeds of seeds.txt: those that found something once, and those, marked by !, whose finding still
// stands.
std::map<std::uint64_t, bool> seeds_on_record() {
    std::map<std::uint64_t, bool> seeds;
    std::ifstream file(SEEDS_FILE);
    for (std::string line; std::getline(file, line);) {
        const bool stands = line.starts_with('!');
        if (const auto seed = std::strtoull(line.c_str() + (stands ? 1 : 0), nullptr, 10))
            seeds[seed] = stands;
    }
    return seeds;
}

TEST(Simulation, KeepsThePromisesThatSeedsBroke) {
    for (const auto& [seed, stands] : seeds_on_record()) {
        const auto how = play(write_script(seed)).how;
        if (!stands) {
            EXPECT_EQ(how, "") << "seed " << seed;
            continue;
        }
        std::cout << "seed " << seed << ", whose finding stands: " << (how.empty() ? "kept" : how) << "\n";
    }
}

TEST(Simulation, KeepsEveryPromiseOnOrdinaryDays) {
    const auto known = seeds_on_record();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(25);
    for (std::uint64_t seed = 1; seed <= 150 && std::chrono::steady_clock::now() < until; ++seed)
        if (!known.contains(seed)) {
            EXPECT_EQ(play(write_script(seed)).how, "") << "seed " << seed;
        }
}

}  // namespace
}  // namespace hilum::simulation
