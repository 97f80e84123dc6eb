// The same figures where patients, projections, devices and sites differ: a good mean can hide a group that a
// model fails.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "evaluation/figures/measure.h"

namespace hilum::evaluation {

inline constexpr const char* unknown_group = "unknown";

// Which cases take which value of an attribute.
struct Grouping {
    std::string attribute;                                  // "view", "sex", "age", "manufacturer", "site"
    std::map<std::string, std::vector<std::size_t>> cases;  // indices, by "PA", "F", "40 to 64", ...
};
std::vector<Grouping> groupings_of(const ScoredSet& set);

struct Subgroup {
    std::string attribute, value;  // as a Grouping has them
    std::size_t cases = 0, patients = 0;
    std::vector<LabelFigures> labels;  // summaries
};

// Of the attributes that take more than one value in the set, rarest values last within each.
std::vector<Subgroup> subgroups_of(const ScoredSet& set, double level = statistics::usual_level);

// "under 18", "18 to 39", "40 to 64", "65 to 79", "80 and older", "unknown".
std::string age_band(const std::optional<double>& years);

}  // namespace hilum::evaluation
