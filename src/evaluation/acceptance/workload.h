// What a model would mean in a day's work: what it alarms of and misses in a thousand images, and how often
// it does not commit itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures/evaluated_set.h"

namespace hilum::evaluation {

// Of one finding, per 1,000 images that the model analyses, where the finding is as frequent as `prevalence`.
// Alarms: images called positive, rightly or not. The intervals are those of sensitivity and specificity,
// each at its end, which is a little too wide.
struct Workload {
    std::string label;
    double prevalence = 0;
    std::optional<statistics::Estimate> alarms, true_alarms, misses;
    // Of the misses and of all: where the answer was "indeterminate".
    std::optional<double> indeterminate_misses, indeterminate;
    // Of the images that got a diagnosis.
    std::optional<statistics::Estimate> sensitivity_of_rest, specificity_of_rest;
    std::string words;
};

struct AnswerShare {
    std::string answer;  // a label, "indeterminate", "no finding"
    std::size_t images = 0;
    statistics::Estimate share;
};

std::vector<Workload> workload_of(const EvaluatedSet& set);

// Of the analysed images, the most frequent first.
std::vector<AnswerShare> answers_of(const ScoredSet& set);

}  // namespace hilum::evaluation
