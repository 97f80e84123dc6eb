// Sets of scored cases for tests of the acceptance: a model of independent findings.
#pragma once

#include <cmath>
#include <random>

#include "evaluation/figures/scored_case.h"

namespace hilum::evaluation {

struct MadeAcceptanceSet {
    int cases = 400;
    unsigned seed = 1;
    double strength = 2.5;  // log odds between the two kinds
    double shift = 0;       // of what is said, in log odds
    double weaker_ap = 0;   // taken off the strength in AP views
};

// "Pneumonia" and "Effusion", independent, a third and a quarter positive; two images a patient; thresholds
// of 0.5. Where nothing is shifted, the probabilities hold.
inline ScoredSet acceptance_set(const MadeAcceptanceSet& made) {
    ScoredSet set;
    set.model = "triage";
    set.version = "2.0.0";
    set.sha256 = std::string(64, 'a');
    set.set = "made up";
    set.labels = {"Pneumonia", "Effusion"};
    set.thresholds = {0.5, 0.5};
    set.calibrated = true;
    set.abnormal = {true, true};
    set.cleared_for_clinical_use = true;
    std::mt19937_64 random(made.seed);
    std::normal_distribution<double> noise;
    for (int i = 0; i < made.cases; ++i) {
        ScoredCase one;
        one.facts = {"case" + std::to_string(i),
                     "patient" + std::to_string(i / 2),
                     "",
                     i % 4 < 3 ? "PA" : "AP",
                     i % 5 < 2 ? "F" : "M",
                     "",
                     20.0 + i % 60};
        for (const int every : {3, 4}) {
            const bool positive = random() % static_cast<unsigned>(every) == 0;
            const double strength = made.strength - (one.facts.view == "AP" ? made.weaker_ap : 0);
            // Of two normals `strength` deviations apart the log odds rise by `strength` a deviation.
            const double x = noise(random) + (positive ? strength / 2 : -strength / 2);
            const double logit = made.strength * x - std::log(every - 1.0) + made.shift;
            const double p = 1 / (1 + std::exp(-logit));
            one.truth.push_back(positive);
            one.outputs.push_back(logit);
            one.probabilities.push_back(p);
            one.positive.push_back(p >= 0.5);
        }
        one.diagnosis = one.positive[0] ? "Pneumonia" : one.positive[1] ? "Effusion" : "no finding";
        set.cases.push_back(std::move(one));
    }
    return set;
}

}  // namespace hilum::evaluation
