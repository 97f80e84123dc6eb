// Confidence intervals of proportions, and what every figure with an interval is made of.
#pragma once

#include <cstdint>

namespace hilum::statistics {

inline constexpr double usual_level = 0.95;

struct Interval {
    double low = 0, high = 1;
};

// A figure, with the interval that its sample allows.
struct Estimate {
    double value = 0;
    Interval interval;
};

// The two-sided standard normal quantile: 1.96 for 0.95.
double normal_quantile(double level = usual_level);

// P(|Z| >= |z|) of a standard normal Z.
double two_sided_p(double z);

// successes / trials with Wilson's score interval (Wilson 1927; recommended over the normal one for small
// samples and proportions near 0 and 1 by Brown, Cai and DasGupta, Statistical Science 2001). Trials > 0.
Estimate wilson(std::int64_t successes, std::int64_t trials, double level = usual_level);

// The same with Clopper and Pearson's exact interval, which covers at least `level`.
Estimate clopper_pearson(std::int64_t successes, std::int64_t trials, double level = usual_level);

}  // namespace hilum::statistics
