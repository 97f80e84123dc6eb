// Whether several readers say the same.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "evaluation/statistics/interval.h"

namespace hilum::readers {

// Agreement of several readers beyond chance (Fleiss, Psychological Bulletin 1971). counts[case][answer]: how
// many readers gave it; as many readers, two or more, of each case. The interval is the jackknife's over
// cases, normal. It is -1 to 1 where all that differs is one case. Empty below two cases, or where all
// readers gave all cases one and the same answer.
std::optional<statistics::Estimate> fleiss_kappa(const std::vector<std::vector<std::int64_t>>& counts,
                                                 double level = statistics::usual_level);

}  // namespace hilum::readers
