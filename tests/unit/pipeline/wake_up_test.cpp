#include "pipeline/wake_up.h"

#include <gtest/gtest.h>

#include "simulation/world/disk.h"
#include "simulation/world/simulated_world.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class ArrivalsTest : public testing::Test {
  protected:
    void pass(Duration time) {
        for (const auto until = world_.elapsed() + time; world_.run_one(until);) continue;
    }

    simulation::Random random_{1};
    simulation::Disk disk_{random_};
    simulation::SimulatedWorld world_{random_, disk_};
    int told_ = 0;
    Arrivals arrivals_{world_, [this] { ++told_; }};
};

TEST_F(ArrivalsTest, TheFirstIsToldAtOnce) {
    arrivals_.came();
    EXPECT_EQ(told_, 1);
    pass(1h);
    EXPECT_EQ(told_, 1);
    arrivals_.came();
    EXPECT_EQ(told_, 2);
}

TEST_F(ArrivalsTest, TheLastOfABurstIsToldToo) {
    for (int i = 0; i < 100; ++i) arrivals_.came();
    EXPECT_EQ(told_, 1);
    pass(Arrivals::told_again_after);
    EXPECT_EQ(told_, 2);
    pass(1h);
    EXPECT_EQ(told_, 2);
}

TEST_F(ArrivalsTest, AStreamIsToldOnceInAWhile) {
    for (int i = 0; i < 1000; ++i) {
        arrivals_.came();
        pass(1ms);
    }
    EXPECT_GE(told_, 19);
    EXPECT_LE(told_, 22);
}

}  // namespace
}  // namespace hilum
