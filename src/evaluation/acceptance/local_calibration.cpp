#include "evaluation/acceptance/local_calibration.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "evaluation/figures/comparison.h"
#include "evaluation/figures/halving.h"
#include "evaluation/report/html.h"
#include "evaluation/statistics/calibrators.h"
#include "evaluation/statistics/group_tests.h"
#include "model/package/calibration.h"

namespace hilum::evaluation {
namespace {

using Advice = LocalCalibration::Advice;
using statistics::Estimate;

constexpr double significant_gap = 0.05;

struct PatientSums {
    double gain = 0, images = 0;
};

// What a correction fitted on `learned` gains on each image of `judged`, summed by patient. False where none
// can be fitted.
bool add_gains(std::map<std::string, PatientSums>& sums, const std::vector<const ScoredCase*>& learned,
               const std::vector<const ScoredCase*>& judged, std::size_t label) {
    std::vector<statistics::LabelledScore> scores;
    for (const auto* one : learned)
        scores.push_back({model::log_odds(one->probabilities[label]), static_cast<bool>(one->truth[label])});
    const auto fitted = statistics::fit_platt(scores);
    if (!fitted) return false;
    for (const auto* one : judged) {
        const double before = one->probabilities[label], truth = one->truth[label] ? 1 : 0;
        const double after = (*fitted)(model::log_odds(before));
        auto& sum = sums[one->facts.patient];
        sum.gain += (before - truth) * (before - truth) - (after - truth) * (after - truth);
        sum.images += 1;
    }
    return true;
}

// The mean with the interval of a ratio of patients' sums.
std::optional<Estimate> gain_of(const Halves& halves, std::size_t label, double level) {
    std::map<std::string, PatientSums> sums;
    if (!add_gains(sums, halves.first, halves.second, label) ||
        !add_gains(sums, halves.second, halves.first, label))
        return std::nullopt;
    double gain = 0, images = 0;
    for (const auto& [patient, sum] : sums) gain += sum.gain, images += sum.images;
    const double mean = gain / images, n = static_cast<double>(sums.size());
    double scatter = 0;
    for (const auto& [patient, sum] : sums) scatter += std::pow(sum.gain - mean * sum.images, 2);
    const double half = statistics::normal_quantile(level) * std::sqrt(n / (n - 1) * scatter) / images;
    return Estimate{mean, {mean - half, mean + half}};
}

std::string direction(const statistics::CalibrationTest& test) {
    std::string words;
    if (test.in_the_large.interval.high < 0) words = "the probabilities are too high on the whole";
    if (test.in_the_large.interval.low > 0) words = "the probabilities are too low on the whole";
    const auto add = [&](const char* more) { words += (words.empty() ? "" : ", and ") + std::string(more); };
    if (test.slope.interval.high < 0)
        add("a higher one means less of the finding");
    else if (test.slope.interval.high < 1)
        add("they are too sure (too near to 0 and 1)");
    else if (test.slope.interval.low > 1)
        add("they are not sure enough (too far from 0 and 1)");
    return words.empty() ? "the gap has no single direction" : words;
}

void advise(LocalCalibration& one) {
    const auto& test = *one.test;
    const auto figures =
        fmt::format("calibration in the large {}, slope {}, {}", figure_text(test.in_the_large, 2),
                    figure_text(test.slope, 2), p_words(one.p_of_all));
    if (one.p_of_all >= significant_gap) {
        one.advice = Advice::holds;
        one.words = fmt::format(
            "No gap is shown between what is said and what is so ({}). The intervals tell how large a gap "
            "these images would not show. No recalibration is advised.",
            figures);
        return;
    }
    if (!one.gain || one.gain->interval.low <= 0 || test.slope.interval.high < 0) {
        one.advice = Advice::not_shown;
        one.words = fmt::format(
            "There is a gap: {} ({}). But a correction learned on half of the patients is not shown to help "
            "the others: recalibration is not advised on these images.",
            direction(test), figures);
        return;
    }
    one.advice = Advice::recalibrate;
    one.words = fmt::format(
        "There is a gap: {} ({}), and a correction learned on half of the patients helps the others: it "
        "takes {} off the Brier score. Recalibration is advised (hilum calibrate).",
        direction(test), figures, figure_text(one.gain, 4));
}

}  // namespace

std::vector<LocalCalibration> local_calibration(const ScoredSet& set, std::uint64_t seed, double level) {
    const auto halves = halved_by_patient(set, seed);
    std::vector<std::string> patients;
    for (const auto& one : set.cases) patients.push_back(one.facts.patient);
    std::vector<LocalCalibration> all;
    std::vector<double> p;
    for (std::size_t label = 0; label < set.labels.size(); ++label) {
        LocalCalibration one;
        one.label = set.labels[label];
        std::vector<statistics::Forecast> forecasts;
        for (const auto& scored : set.cases)
            forecasts.push_back({scored.probabilities[label], static_cast<bool>(scored.truth[label])});
        const auto test = statistics::test_calibration(forecasts, patients, level);
        if (test) {
            one.test = *test;
            one.gain = gain_of(halves, label, level);
        } else {
            one.words = "Whether its probabilities hold cannot be told: " + test.error().message + ".";
        }
        p.push_back(test ? test->p : 1);
        all.push_back(std::move(one));
    }
    const auto adjusted = statistics::holm_adjusted(p);
    for (std::size_t label = 0; label < all.size(); ++label) {
        all[label].p_of_all = adjusted[label];
        if (all[label].test) advise(all[label]);
    }
    return all;
}

}  // namespace hilum::evaluation
