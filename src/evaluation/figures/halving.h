// A set in two halves of different patients: what is chosen on the first is proved on the second.
#pragma once

#include <cstdint>
#include <vector>

#include "evaluation/figures/scored_case.h"

namespace hilum::evaluation {

// Cases of the set that was halved, which must outlive them.
struct Halves {
    std::vector<const ScoredCase*> first, second;
};

// Patients in an order that the seed alone decides; each goes to the half that has fewer images. The second
// is empty where all images are of one patient.
Halves halved_by_patient(const ScoredSet& set, std::uint64_t seed);

}  // namespace hilum::evaluation
