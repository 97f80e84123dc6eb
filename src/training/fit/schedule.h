// The learning rate of each step.
#pragma once

#include <cstdint>

#include "training/fit/fit_settings.h"

namespace hilum::training {

// `step` from 0 of epochs * steps_per_epoch. Warm-up: linear from a twentieth of the peak to it; then
// constant, or a cosine down to 0 at the end (Loshchilov and Hutter, ICLR 2017, without restarts), or
// stepwise by epochs.
double learning_rate(const ScheduleSettings& schedule, double peak, std::int64_t step,
                     std::int64_t steps_per_epoch, int epochs);

}  // namespace hilum::training
