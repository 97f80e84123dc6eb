#include "store/clock_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "pipeline/asio_world.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

const Timestamp noon = from_microseconds(1'768'000'000'000'000);

TEST(ClockWatch, TellsHowFarTheWallClockWasSet) {
    ClockWatch watch({noon, 100s});
    EXPECT_EQ(watch.step_to({noon + 1s, 101s}), 0s);
    EXPECT_EQ(watch.step_to({noon + 2h + 2s, 102s}), 2h);
    EXPECT_EQ(watch.step_to({noon + 2h + 3s, 103s}), 0s) << "told once";
    EXPECT_EQ(watch.step_to({noon + 4s, 104s}), -2h);
}

TEST(ClockWatch, TakesASleepOfTheMachineForNoStep) {
    ClockWatch watch({noon, 100s});
    EXPECT_EQ(watch.step_to({noon + 8h, 100s + 8h}), 0s);
}

TEST(ClockWatch, TakesDriftForNoStepHoweverLongItLasts) {
    ClockWatch watch({noon, 0s});
    for (int second = 1; second <= 100; ++second)  // chronyd corrects up to a tenth of the time
        EXPECT_EQ(watch.step_to({noon + second * 1100ms, second * 1s}), 0s);
}

TEST(ClockWatch, ReadsTwoClocksOfOneMoment) {
    boost::asio::io_context loop;
    const AsioWorld world(loop);
    ClockWatch watch(read_clocks(world));
    const auto before = now();
    const auto reading = read_clocks(world);
    EXPECT_GE(reading.wall, before);
    EXPECT_LE(reading.wall, now());
    EXPECT_EQ(watch.step_to(reading), 0s);
}

}  // namespace
}  // namespace hilum
