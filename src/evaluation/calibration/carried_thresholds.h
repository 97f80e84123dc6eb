// What becomes of a package's thresholds where its probabilities change: they move with them.
#pragma once

#include <cstddef>
#include <vector>

#include "evaluation/figures/scored_case.h"
#include "model/package/model_package.h"

namespace hilum::evaluation {

struct CarriedThreshold {
    double before = 0, after = 0;
    // Images of the set on which the two decide otherwise: none where the new calibration rises everywhere,
    // but an isotonic one is level in places, and what lies on one level with the threshold is positive then.
    std::size_t changed = 0;
};

// Of each label of a package of independent findings (sigmoid or none): the probability that `calibration`
// gives the raw output from which on the package's own calibration reaches its threshold. As no calibration
// falls, the decisions stay. `set.outputs` are raw.
std::vector<CarriedThreshold> carried_thresholds(const model::ModelPackage& package,
                                                 const model::Calibration& calibration, const ScoredSet& set);

}  // namespace hilum::evaluation
