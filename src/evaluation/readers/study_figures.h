// What a reader study found: figures of each reader in each modality, and what the model's result changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/readers/mrmc.h"
#include "evaluation/readers/results_check.h"
#include "evaluation/statistics/decisions.h"
#include "evaluation/statistics/roc.h"

namespace hilum::readers {

// One reader in one modality, one finding.
struct ReaderFigures {
    std::string reader;
    Modality modality = Modality::unaided;
    std::size_t unreadable = 0;                        // in no figure
    statistics::Counts counts;                         // of the decisions
    std::optional<Estimate> sensitivity, specificity;  // Wilson
    std::optional<Estimate> area;                      // DeLong; none below two cases of each kind
    std::vector<statistics::RocPoint> curve;           // none without cases of both kinds
};

// A comparison, or why there is none.
struct Comparison {
    std::string what;  // "area under the curve", "sensitivity", "specificity", "reading time"
    std::optional<ReaderComparison> result;
    std::string why_not;
};

// How readers agree in their decisions, in one modality, on the cases that both (or all) decided.
struct PairAgreement {
    std::string first, second;
    std::size_t cases = 0;
    std::optional<Estimate> kappa;  // Cohen's
};
struct Agreement {
    Modality modality = Modality::unaided;
    std::vector<PairAgreement> pairs;
    std::size_t cases = 0;           // that all readers decided
    std::optional<Estimate> fleiss;  // of all readers: none below two
};

struct FindingFigures {
    std::string finding;
    std::size_t positive = 0, negative = 0;  // cases of the study
    std::vector<ReaderFigures> readers;      // by modality, then in the study's order
    std::size_t crossed = 0;                 // cases that every compared reader answered in every modality
    std::vector<std::string> compared;       // readers
    Comparison area, sensitivity, specificity;
    std::optional<Comparison> area_by_delong;  // the same with DeLong's covariances
    std::vector<Agreement> agreement;          // of each modality
};

struct ReaderTime {
    std::string reader;
    std::vector<std::optional<double>> medians;  // seconds, of each modality
    std::size_t pairs = 0;                       // cases timed in both
    std::optional<Estimate>
        ratio;  // aided over unaided: geometric mean of the pairs, t interval on the log scale
};

struct TimeFigures {
    std::vector<ReaderTime> readers;
    std::vector<std::optional<double>> medians;  // over all, of each modality
    Comparison comparison;  // of mean log seconds; its difference's exponential is the ratio
};

struct StudyFigures {
    std::vector<Modality> modalities;
    std::vector<FindingFigures> findings;
    TimeFigures time;
};

// `checked` are answers of `study`. Readers who have no whole answer to any case in some modality are
// compared in none; a case is, where all others answered it in all modalities.
StudyFigures figures_of(const Study& study, const CheckedResults& checked,
                        double level = statistics::usual_level);

// The mean of the readers' ROC curves: their sensitivities at the same specificities.
std::vector<statistics::RocPoint> mean_curve(const std::vector<std::vector<statistics::RocPoint>>& curves);

}  // namespace hilum::readers
