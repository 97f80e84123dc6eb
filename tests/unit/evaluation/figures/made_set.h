// Sets of scored cases for tests: a model whose scores are normal, so that its true area is known.
#pragma once

#include <cmath>
#include <random>

#include "evaluation/figures/scored_case.h"

namespace hilum::evaluation {

// Two exclusive labels, "Normal" and "Pneumonia", every third case positive, each patient with two images.
inline ScoredSet made_set(int cases, unsigned seed, double strength = 1.5,
                          const std::string& name = "made up") {
    ScoredSet set{
        "demo", "1.0.0", std::string(64, 'a'), name, {"Normal", "Pneumonia"}, {0.5, 0.5}, true, true, {}, {}};
    std::mt19937 random(seed);
    std::normal_distribution<double> noise;
    for (int i = 0; i < cases; ++i) {
        const bool positive = i % 3 == 0;
        const double logit = noise(random) + (positive ? strength : -strength) / 2;
        const double p = 1 / (1 + std::exp(-strength * logit));
        ScoredCase one;
        one.facts = {"case" + std::to_string(i),
                     "patient" + std::to_string(i / 2),
                     "",
                     i % 4 < 3 ? "PA" : "AP",
                     i % 5 < 2 ? "F" : "M",
                     "Maker " + std::to_string(i % 7 / 4),
                     i % 11 == 0 ? std::nullopt : std::optional<double>(20 + i % 70)};
        one.truth = {!positive, positive};
        one.outputs = {0, logit};
        one.probabilities = {1 - p, p};
        one.positive = {p<0.45, p> 0.55};
        one.diagnosis = p < 0.45 ? "Normal" : p > 0.55 ? "Pneumonia" : "indeterminate";
        set.cases.push_back(std::move(one));
    }
    return set;
}

}  // namespace hilum::evaluation
