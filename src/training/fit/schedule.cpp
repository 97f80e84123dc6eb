#include "training/fit/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hilum::training {

double learning_rate(const ScheduleSettings& schedule, double peak, std::int64_t step,
                     std::int64_t steps_per_epoch, int epochs) {
    const auto steps = static_cast<double>(std::max<std::int64_t>(steps_per_epoch * epochs, 1));
    const double progress = static_cast<double>(step) / steps;
    if (progress < schedule.warm_up) return peak * (0.05 + 0.95 * progress / schedule.warm_up);
    switch (schedule.kind) {
        case ScheduleKind::constant:
            break;
        case ScheduleKind::cosine:
            return peak * 0.5 *
                   (1 + std::cos(std::numbers::pi * (progress - schedule.warm_up) / (1 - schedule.warm_up)));
        case ScheduleKind::step:
            return peak * std::pow(schedule.step_factor,
                                   static_cast<double>(step / std::max<std::int64_t>(steps_per_epoch, 1) /
                                                       schedule.step_epochs));
    }
    return peak;
}

}  // namespace hilum::training
