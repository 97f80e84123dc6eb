#include "evaluation/readers/study_size.h"

#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_f.hpp>

namespace hilum::readers {

double power_of_study(const ReaderComparison& pilot, double difference, std::size_t readers,
                      std::size_t cases, double level) {
    const double r = static_cast<double>(readers);
    const double fewer = static_cast<double>(pilot.cases) / static_cast<double>(cases);
    const auto& errors = pilot.errors;
    const double gap = std::max(0.0, errors.same_modality - errors.neither);
    const double of_readers = std::max(0.0, pilot.components.modality_by_reader);
    const double own = std::max(0.0, errors.variance - errors.same_reader);
    const double sum = of_readers + fewer * (own + (r - 1) * gap);
    const double square = std::max(1e-12, of_readers + fewer * std::max(0.0, own - gap));
    if (sum <= 0) return 1;
    const double noncentrality = r * difference * difference / 2 / sum;
    const double degrees = std::min(1e6, sum * sum / (square * square / (r - 1)));
    const double bound = boost::math::quantile(boost::math::fisher_f_distribution<>(1, degrees), level);
    return boost::math::cdf(boost::math::complement(
        boost::math::non_central_f_distribution<>(1, degrees, std::min(noncentrality, 1e4)), bound));
}

std::optional<std::size_t> cases_needed(const ReaderComparison& pilot, double difference, std::size_t readers,
                                        double power, std::size_t most) {
    if (power_of_study(pilot, difference, readers, most) < power) return std::nullopt;
    std::size_t too_few = 2, enough = most;
    while (enough - too_few > 1) {
        const std::size_t middle = (too_few + enough) / 2;
        (power_of_study(pilot, difference, readers, middle) < power ? too_few : enough) = middle;
    }
    return enough;
}

}  // namespace hilum::readers
