#include "evaluation/figures/halving.h"

#include <map>
#include <random>
#include <string>

namespace hilum::evaluation {

Halves halved_by_patient(const ScoredSet& set, std::uint64_t seed) {
    using Cases = std::vector<const ScoredCase*>;
    std::map<std::string, Cases> by_patient;
    for (const auto& one : set.cases) by_patient[one.facts.patient].push_back(&one);
    std::vector<const Cases*> patients;
    for (const auto& [patient, cases] : by_patient) patients.push_back(&cases);
    std::mt19937_64 random(seed);
    for (std::size_t i = patients.size(); i > 1; --i) std::swap(patients[i - 1], patients[random() % i]);
    Halves halves;
    for (const auto* cases : patients) {
        auto& half = halves.first.size() <= halves.second.size() ? halves.first : halves.second;
        half.insert(half.end(), cases->begin(), cases->end());
    }
    return halves;
}

}  // namespace hilum::evaluation
