#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

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

// Those that found something once.
TEST(Simulation, KeepsThePromisesThatSeedsBroke) {
    std::ifstream seeds(SEEDS_FILE);
    ASSERT_TRUE(seeds);
    for (std::string line; std::getline(seeds, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        const auto seed = std::stoull(line);
        EXPECT_EQ(play(write_script(seed)).how, "") << "seed " << line;
    }
}

TEST(Simulation, KeepsEveryPromiseOnOrdinaryDays) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(25);
    for (std::uint64_t seed = 1; seed <= 150 && std::chrono::steady_clock::now() < until; ++seed)
        EXPECT_EQ(play(write_script(seed)).how, "") << "seed " << seed;
}

}  // namespace
}  // namespace hilum::simulation
