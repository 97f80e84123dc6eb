#include "model/package/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hilum::model {
namespace {

constexpr double least_distance = 1e-9;  // of a score from 0 and 1

}  // namespace

double Platt::operator()(double log_odds) const {
    return 1 / (1 + std::exp(-(slope * log_odds + intercept)));
}

double Isotonic::operator()(double score) const {
    const auto above = std::ranges::lower_bound(knots, score, {}, &Knot::score);
    if (above == knots.begin()) return knots.front().probability;
    if (above == knots.end()) return knots.back().probability;
    const auto below = std::prev(above);
    const double share = (score - below->score) / (above->score - below->score);
    return below->probability + share * (above->probability - below->probability);
}

double log_odds(double score) {
    const double within = std::clamp(score, least_distance, 1 - least_distance);
    return std::log(within / (1 - within));
}

std::vector<double> activated(Activation activation, const std::vector<double>& outputs, double temperature) {
    std::vector<double> scores;
    double sum = 0;
    const double top = *std::ranges::max_element(outputs);
    for (const double output : outputs) switch (activation) {
            case Activation::softmax:
                sum += scores.emplace_back(std::exp((output - top) / temperature));
                break;
            case Activation::sigmoid:
                scores.push_back(1 / (1 + std::exp(-output / temperature)));
                break;
            case Activation::none:
                scores.push_back(std::clamp(output, 0.0, 1.0));
                break;
        }
    if (activation == Activation::softmax)
        for (double& score : scores) score /= sum;
    return scores;
}

std::vector<double> probabilities_of(const Calibration& calibration, Activation activation,
                                     const std::vector<double>& outputs) {
    if (calibration.method == "temperature") return activated(activation, outputs, calibration.value);
    auto scores = activated(activation, outputs);
    return calibration.method == "none" ? scores
                                        : calibrated(calibration, scores, activation == Activation::softmax);
}

std::vector<double> calibrated(const Calibration& calibration, const std::vector<double>& scores,
                               bool exclusive) {
    std::vector<double> probabilities;
    for (std::size_t i = 0; i < scores.size(); ++i)
        probabilities.push_back(calibration.method == "platt" ? calibration.platt[i](log_odds(scores[i]))
                                                              : calibration.isotonic[i](scores[i]));
    const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
    // Where every class came out as impossible nothing is known better than the scores.
    if (exclusive && sum <= 0) return scores;
    if (exclusive)
        for (double& probability : probabilities) probability /= sum;
    return probabilities;
}

std::vector<bool> members(const PredictionSets& sets, const std::vector<double>& probabilities) {
    std::vector<bool> inside;
    for (std::size_t i = 0; i < probabilities.size(); ++i)
        inside.push_back(probabilities[i] >= sets.least[i]);
    return inside;
}

}  // namespace hilum::model
