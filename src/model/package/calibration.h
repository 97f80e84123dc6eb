// From a model's scores to probabilities, and to what it does not know: fitted elsewhere (`hilum calibrate`),
// kept in model.yaml, applied by the worker.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hilum::model {

enum class Activation { softmax, sigmoid, none };

// Platt's scaling of the log odds of a score (Platt 1999): 1 / (1 + exp(-(slope x + intercept))).
struct Platt {
    double slope = 1, intercept = 0;
    double operator()(double log_odds) const;
};

// A step-wise rising function of a score, straight between its knots and level beyond them.
struct Isotonic {
    struct Knot {
        double score = 0, probability = 0;
    };
    std::vector<Knot> knots;  // at least one; scores rise, probabilities do not fall
    double operator()(double score) const;
};

struct Calibration {
    std::string method = "none";    // none | temperature | platt | isotonic
    double value = 1.0;             // temperature
    std::string set = "none";       // the data it was fitted on; "none": what comes of it is no probability
    std::vector<Platt> platt = {};  // one for each label
    std::vector<Isotonic> isotonic = {};  // likewise
};

// Classes that cannot be left out at a stated coverage (conformal prediction, class by class:
// docs/model-package.md).
struct PredictionSets {
    double coverage = 0;        // of images like those of `set`, at least, of each class
    std::vector<double> least;  // a class is in the set from this probability on; one for each label
    std::string set;            // the data they were fitted on
};

// Log odds of a score, which is kept 1e-9 from 0 and 1.
double log_odds(double score);

// What `activation` makes of a model's raw outputs, which it divides by the temperature before; the outputs,
// kept within [0, 1], where it is none.
std::vector<double> activated(Activation activation, const std::vector<double>& outputs,
                              double temperature = 1);

// The probabilities of raw outputs; the scores where the method is none.
std::vector<double> probabilities_of(const Calibration& calibration, Activation activation,
                                     const std::vector<double>& outputs);

// By platt or isotonic, label by label; where the labels exclude each other, made to add up to 1 again.
std::vector<double> calibrated(const Calibration& calibration, const std::vector<double>& scores,
                               bool exclusive);

// Which labels are in the set.
std::vector<bool> members(const PredictionSets& sets, const std::vector<double>& probabilities);

}  // namespace hilum::model
