#include "evaluation/statistics/interval.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace hilum::statistics {
namespace {

using boost::math::beta_distribution;
using boost::math::normal_distribution;

double ratio(std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double normal_quantile(double level) {
    return boost::math::quantile(normal_distribution<>(), 0.5 + level / 2);
}

double two_sided_p(double z) {
    return 2 * boost::math::cdf(boost::math::complement(normal_distribution<>(), std::abs(z)));
}

Estimate wilson(std::int64_t successes, std::int64_t trials, double level) {
    const double n = static_cast<double>(trials), p = ratio(successes, trials), z = normal_quantile(level);
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {p, {std::max(0.0, centre - half), std::min(1.0, centre + half)}};
}

Estimate clopper_pearson(std::int64_t successes, std::int64_t trials, double level) {
    const double x = static_cast<double>(successes), n = static_cast<double>(trials);
    const double tail = (1 - level) / 2;
    Estimate estimate{ratio(successes, trials), {0, 1}};
    if (successes > 0) estimate.interval.low = boost::math::quantile(beta_distribution<>(x, n - x + 1), tail);
    if (successes < trials)
        estimate.interval.high =
            boost::math::quantile(boost::math::complement(beta_distribution<>(x + 1, n - x), tail));
    return estimate;
}

}  // namespace hilum::statistics
