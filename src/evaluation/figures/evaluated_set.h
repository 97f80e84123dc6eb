// A model's answers to a set of images, with all that was computed of them.
#pragma once

#include <vector>

#include "evaluation/figures/measure.h"
#include "evaluation/figures/subgroups.h"

namespace hilum::evaluation {

struct EvaluatedSet {
    ScoredSet scored;
    Figures figures;
    std::vector<Subgroup> subgroups;
};

// Code "too_few_cases" where the model said nothing of any image.
inline Result<EvaluatedSet> evaluated(ScoredSet scored, const MeasureSettings& settings) {
    auto figures = measure(scored, settings);
    if (!figures) return tl::unexpected(figures.error());
    auto groups = subgroups_of(scored, settings.level);
    return EvaluatedSet{std::move(scored), std::move(*figures), std::move(groups)};
}

}  // namespace hilum::evaluation
