// What pages about a model on a set of images have in common: the evaluation's and the acceptance's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/figures/evaluated_set.h"
#include "evaluation/report/html.h"
#include "evaluation/report/plot.h"

namespace hilum::evaluation {

inline constexpr std::int64_t few_cases = 30;  // of a kind: an interval below is too wide to rely on

// The labels to show: where two exclude each other, the second says what the first said.
bool says_it_all(const ScoredSet& set, std::size_t label);
std::vector<const LabelFigures*> shown(const EvaluatedSet& set);

// As which node the images were judged, in one sentence.
std::string node_words(const ScoredSet& set);
std::string image_words(const EvaluatedSet& set);  // how many, and why others were not analysed
void warn_of_few(HtmlPage& page, const EvaluatedSet& set);

// Tables.
void add_summary(HtmlPage& page, const EvaluatedSet& set);
void add_predictive_values(HtmlPage& page, const EvaluatedSet& set, bool stated);
void add_confusion(HtmlPage& page, const EvaluatedSet& set);  // of models whose labels exclude each other
void add_subgroups(HtmlPage& page, const EvaluatedSet& set);

Plot roc_plot(const EvaluatedSet& set);
Plot reliability_plot(const EvaluatedSet& set);

}  // namespace hilum::evaluation
