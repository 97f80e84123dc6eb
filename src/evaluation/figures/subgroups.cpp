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
    return value.empty() ? "unknown" : value;
}

const Attribute attributes[] = {
    {"view", [](const CaseFacts& facts) { return known(facts.view); }},
    {"sex", [](const CaseFacts& facts) { return known(facts.sex); }},
    {"age", [](const CaseFacts& facts) { return age_band(facts.age_years); }},
    {"manufacturer", [](const CaseFacts& facts) { return known(facts.manufacturer); }},
    {"site", [](const CaseFacts& facts) { return known(facts.site); }},
};

ScoredSet without_cases(const ScoredSet& set) {
    ScoredSet part = set;
    part.cases.clear();
    part.unscored.clear();
    return part;
}

Subgroup subgroup_of(const ScoredSet& part, const char* attribute, const std::string& value, double level) {
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
    if (!years) return "unknown";
    if (*years < 18) return "under 18";
    if (*years < 40) return "18 to 39";
    if (*years < 65) return "40 to 64";
    return *years < 80 ? "65 to 79" : "80 and older";
}

std::vector<Subgroup> subgroups_of(const ScoredSet& set, double level) {
    std::vector<Subgroup> groups;
    for (const auto& attribute : attributes) {
        std::map<std::string, ScoredSet> parts;
        for (const auto& one : set.cases) {
            const auto value = attribute.value(one.facts);
            const auto [part, made] = parts.try_emplace(value);
            if (made) part->second = without_cases(set);
            part->second.cases.push_back(one);
        }
        if (parts.size() < 2) continue;
        std::vector<Subgroup> of_attribute;
        for (const auto& [value, part] : parts)
            of_attribute.push_back(subgroup_of(part, attribute.name, value, level));
        std::ranges::stable_sort(of_attribute, std::ranges::greater(), &Subgroup::cases);
        groups.insert(groups.end(), of_attribute.begin(), of_attribute.end());
    }
    return groups;
}

}  // namespace hilum::evaluation
