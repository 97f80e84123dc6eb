// The figures of a model on a set of cases: how well it tells findings apart, what its thresholds do, whether
// its probabilities hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures/scored_case.h"
#include "evaluation/statistics/calibration_measures.h"
#include "evaluation/statistics/decisions.h"
#include "evaluation/statistics/roc.h"

namespace hilum::evaluation {

struct MeasureSettings {
    std::optional<double> prevalence =
        std::nullopt;             // of each finding, for predictive values; none: as in the set
    int bootstrap_rounds = 2000;  // 0: none
    std::uint64_t seed = 1;
    std::size_t bins = 10;  // of the reliability curve
    double level = statistics::usual_level;
};

// Net benefit per case of deciding by the model, against calling every case positive; calling none gives 0.
struct DecisionPoint {
    double threshold = 0, model = 0, all = 0;
};

// Of one label. What the cases do not allow is empty.
struct LabelFigures {
    std::string label;
    double threshold = 0;
    statistics::Counts counts;                                     // at the deployed decision
    std::size_t patients_with = 0, patients_without = 0;           // of whom these images are
    double prevalence = 0;                                         // that the predictive values are for
    std::optional<statistics::Estimate> sensitivity, specificity;  // Wilson
    std::optional<statistics::Estimate> sensitivity_by_patient, specificity_by_patient;  // bootstrap
    std::optional<statistics::PredictiveValues> predictive;
    std::optional<statistics::Estimate> ppv_by_patient, npv_by_patient;  // bootstrap, at that prevalence
    std::optional<statistics::Estimate> area;                            // DeLong
    std::optional<statistics::Estimate> area_by_patient;                 // bootstrap
    double brier = 0, calibration_error = 0;                             // ECE
    double mean_probability = 0;  // what the model says how frequent the finding is
    std::optional<statistics::CalibrationLine> calibration;
    std::vector<statistics::ReliabilityBin> reliability;
    std::vector<statistics::RocPoint> roc;  // empty without cases of both kinds
    std::vector<DecisionPoint> decisions;
};

struct Figures {
    std::size_t cases = 0, patients = 0;
    std::map<std::string, std::size_t> unscored;  // by code
    std::vector<LabelFigures> labels;
    // Of models whose labels exclude each other:
    std::optional<statistics::Estimate> accuracy;      // indeterminate counts as wrong
    std::vector<std::string> answers;                  // columns of `confusion`
    std::vector<std::vector<std::int64_t>> confusion;  // [true label][answer]
    std::optional<statistics::Estimate> determinate;   // share that got a diagnosis
    std::optional<statistics::Estimate> accuracy_of_determinate;
    std::optional<statistics::Estimate> accuracy_by_patient, determinate_by_patient;  // bootstrap
};

// Code "too_few_cases" where the set has no case at all.
Result<Figures> measure(const ScoredSet& set, const MeasureSettings& settings = {});

// How many of these images were analysed, with the interval by bootstrap of their patients: those of the set
// (cases and unscored ones) and, of each that was left out before the model, whose it was. Empty without
// bootstrap.
std::optional<statistics::Estimate> analysed_by_patient(const ScoredSet& set,
                                                        const std::vector<std::string>& left_out,
                                                        const MeasureSettings& settings);

// Of label `label`, for the figures that are about scores alone.
statistics::Scores scores_of(const ScoredSet& set, std::size_t label);

// Without the curves and without bootstrap: for the rows of a table.
std::optional<LabelFigures> summary_of(const ScoredSet& set, std::size_t label, double level);

}  // namespace hilum::evaluation
