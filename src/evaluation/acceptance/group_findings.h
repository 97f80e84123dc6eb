// In which groups of patients, devices and sites a model is worse than in the others, beyond chance.
#pragma once

#include <string>
#include <vector>

#include "evaluation/figures/scored_case.h"

namespace hilum::evaluation {

inline constexpr std::int64_t least_in_group = 10;  // cases of a kind, in the group and outside of it

struct GroupTest {
    std::string attribute, value, label;
    std::string figure;  // "sensitivity", "specificity", "AUC"
    double in_group = 0, in_others = 0;
    std::int64_t cases = 0, other_cases = 0;  // that the figure rests on
    double p = 1, adjusted = 1;               // of all tests together (Holm)
    bool worse = false;                       // adjusted below 0.05, and lower than in the others
    std::string words;                        // of those that are worse
};

struct GroupFindings {
    std::vector<GroupTest> tests;
    std::vector<std::string> too_few;  // "view AP: 4 images with 'Pneumonia'; sensitivity was not tested"
    // How many are worse of how many tests, in words.
    std::string words;
    std::vector<const GroupTest*> worse() const;
};

// Each group of subgroups_of() against all other cases: Fisher's exact test of sensitivity and specificity,
// DeLong's of the areas. Of an attribute with two values one is tested, which says it of both. What is not
// known ("unknown") is no group. Images count as independent, which several of one patient are not quite.
GroupFindings group_findings(const ScoredSet& set);

}  // namespace hilum::evaluation
