#include "training/fit/schedule.h"

#include <gtest/gtest.h>

namespace hilum::training {
namespace {

double rate(const ScheduleSettings& schedule, std::int64_t step) {
    return learning_rate(schedule, 2.0, step, 10, 10);  // 100 steps
}

TEST(Schedule, WarmsUpFromATwentieth) {
    for (const auto kind : {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::step}) {
        const ScheduleSettings schedule{kind, 0.2, 3, 0.1};
        EXPECT_DOUBLE_EQ(rate(schedule, 0), 0.1);
        EXPECT_DOUBLE_EQ(rate(schedule, 10), 2 * (0.05 + 0.95 / 2));
    }
}

TEST(Schedule, ConstantStays) {
    const ScheduleSettings schedule{ScheduleKind::constant, 0, 3, 0.1};
    EXPECT_EQ(rate(schedule, 0), 2);
    EXPECT_EQ(rate(schedule, 99), 2);
}

TEST(Schedule, CosineFallsToNothing) {
    const ScheduleSettings schedule{ScheduleKind::cosine, 0.2, 3, 0.1};
    EXPECT_DOUBLE_EQ(rate(schedule, 20), 2);
    EXPECT_NEAR(rate(schedule, 60), 1, 1e-12);
    EXPECT_NEAR(rate(schedule, 100), 0, 1e-12);
}

TEST(Schedule, StepsFallAfterSoManyEpochs) {
    const ScheduleSettings schedule{ScheduleKind::step, 0, 3, 0.1};
    EXPECT_DOUBLE_EQ(rate(schedule, 29), 2);
    EXPECT_DOUBLE_EQ(rate(schedule, 30), 0.2);
    EXPECT_DOUBLE_EQ(rate(schedule, 99), 0.002);
}

}  // namespace
}  // namespace hilum::training
