#include "evaluation/calibration/carried_thresholds.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace hilum::evaluation {
namespace {

using model::Activation;

// The probability of one label, which no other label's output changes.
class LabelProbability {
  public:
    LabelProbability(const model::Calibration& calibration, Activation activation, std::size_t label,
                     std::size_t labels)
        : calibration_(calibration), activation_(activation), label_(label), outputs_(labels) {}

    double operator()(double output) {
        std::ranges::fill(outputs_, output);
        return model::probabilities_of(calibration_, activation_, outputs_)[label_];
    }

  private:
    const model::Calibration& calibration_;
    const Activation activation_;
    const std::size_t label_;
    std::vector<double> outputs_;
};

// Raw outputs beyond which no probability changes: a sigmoid's at the lowest and the highest score that is
// told from 0 and 1, at the highest temperature that a package may have.
std::pair<double, double> outputs_of(Activation activation, const model::Calibration& calibration) {
    if (activation == Activation::none) return {0, 1};
    const double most = 40 * std::max(1.0, calibration.method == "temperature" ? calibration.value : 1.0);
    return {-most, most};
}

// The lowest output at which `probability`, which does not fall, reaches `threshold`; infinite where none
// does.
double output_reaching(LabelProbability& probability, double threshold, std::pair<double, double> range) {
    auto [low, high] = range;
    if (probability(low) >= threshold) return low;
    if (probability(high) < threshold) return INFINITY;
    for (double middle = std::midpoint(low, high); low < middle && middle < high;
         middle = std::midpoint(low, high))
        (probability(middle) >= threshold ? high : low) = middle;
    return high;
}

}  // namespace

std::vector<CarriedThreshold> carried_thresholds(const model::ModelPackage& package,
                                                 const model::Calibration& calibration,
                                                 const ScoredSet& set) {
    std::vector<CarriedThreshold> carried;
    for (std::size_t label = 0; label < package.labels.size(); ++label) {
        const auto count = package.labels.size();
        LabelProbability old_one(package.calibration, package.activation, label, count);
        LabelProbability new_one(calibration, package.activation, label, count);
        CarriedThreshold one;
        one.before = package.labels[label].threshold;
        const auto range = outputs_of(package.activation, package.calibration);
        const double from = output_reaching(old_one, one.before, range);
        if (from == range.first)
            one.after = 0;  // every image was positive
        else
            one.after = std::isinf(from) ? 1 : new_one(from);
        for (const auto& scored : set.cases)
            one.changed += (old_one(scored.outputs[label]) >= one.before) !=
                           (new_one(scored.outputs[label]) >= one.after);
        carried.push_back(one);
    }
    return carried;
}

}  // namespace hilum::evaluation
