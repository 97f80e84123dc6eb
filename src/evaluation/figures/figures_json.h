// The figures as JSON, for programs: names as in measure.h, intervals as [low, high], absent where the cases
// do not allow them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <vector>

#include "evaluation/figures/comparison.h"
#include "evaluation/figures/measure.h"
#include "evaluation/figures/subgroups.h"

namespace hilum::evaluation {

nlohmann::json to_json(const Figures& figures);
nlohmann::json to_json(const Subgroup& group);
nlohmann::json to_json(const LabelComparison& comparison);
nlohmann::json to_json(const LabelDrop& drop);

// As which node a set was judged: {"configuration": its file, "thresholds": {label: number} that it has in
// the place of the package's own}; null where it was none.
nlohmann::json node_json(const ScoredSet& set);

}  // namespace hilum::evaluation
