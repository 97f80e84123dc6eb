#include "evaluation/figures/subgroups.h"

#include <algorithm>
#include <map>
#include <set>

namespace hilum::evaluation {
namespace {

struct Attribute {
    const char* name;
    std::string (*value)(const CaseFacts&);
};

std::string known(const std::string& value) {
    return value.empty() ? unknown_group : value;
}

const Attribute attributes[] = {
    {"view", [](const CaseFacts& facts) { return known(facts.view); }},
    {"sex", [](const CaseFacts& facts) { return known(facts.sex); }},
    {"age", [](const CaseFacts& facts) { return age_band(facts.age_years); }},
    {"manufacturer", [](const CaseFacts& facts) { return known(facts.manufacturer); }},
    {"site", [](const CaseFacts& facts) { return known(facts.site); }},
};

ScoredSet without_cases(const ScoredSet& set) {
    ScoredSet part;
    part.labels = set.labels;
    part.thresholds = set.thresholds;
    part.exclusive = set.exclusive;
    return part;
}

Subgroup subgroup_of(const ScoredSet& part, const std::string& attribute, const std::string& value,
                     double level) {
    Subgroup group{attribute, value, part.cases.size(), 0, {}};
    std::set<std::string> patients;
    for (const auto& one : part.cases) patients.insert(one.facts.patient);
    group.patients = patients.size();
    for (std::size_t label = 0; label < part.labels.size(); ++label)
        group.labels.push_back(summary_of(part, label, level).value());
    return group;
}

}  // namespace

std::string age_band(const std::optional<double>& years) {
    if (!years) return unknown_group;
    if (*years < 18) return "under 18";
    if (*years < 40) return "18 to 39";
    if (*years < 65) return "40 to 64";
    return *years < 80 ? "65 to 79" : "80 and older";
}

std::vector<Grouping> groupings_of(const ScoredSet& set) {
    std::vector<Grouping> groupings;
    for (const auto& attribute : attributes) {
        Grouping grouping{attribute.name, {}};
        for (std::size_t i = 0; i < set.cases.size(); ++i)
            grouping.cases[attribute.value(set.cases[i].facts)].push_back(i);
        groupings.push_back(std::move(grouping));
    }
    return groupings;
}

std::vector<Subgroup> subgroups_of(const ScoredSet& set, double level) {
    std::vector<Subgroup> groups;
    for (const auto& grouping : groupings_of(set)) {
        if (grouping.cases.size() < 2) continue;
        std::vector<Subgroup> of_attribute;
        for (const auto& [value, cases] : grouping.cases) {
            auto part = without_cases(set);
            for (const auto index : cases) part.cases.push_back(set.cases[index]);
            of_attribute.push_back(subgroup_of(part, grouping.attribute, value, level));
        }
        std::ranges::stable_sort(of_attribute, std::ranges::greater(), &Subgroup::cases);
        groups.insert(groups.end(), of_attribute.begin(), of_attribute.end());
    }
    return groups;
}

}  // namespace hilum::evaluation
