// Which cases a study takes, and in which order whom they reach: all of it drawn from one seed, alike on
// every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "evaluation/readers/study.h"

namespace hilum::readers {

using Random = std::mt19937_64;

// An image that may become a case.
struct Candidate {
    std::filesystem::path file;
    std::string patient;
    std::vector<std::string> labels;
};

struct CaseWishes {
    std::size_t cases = 0;  // 0: of every patient one
    bool balanced = false;  // as many of each combination of labels, instead of the set's shares
};

struct Selection {
    std::vector<StudyCase> cases;    // with their ids, sorted by them
    std::size_t further_images = 0;  // of patients of whom another image was drawn
};

// One image of a patient at most, since images of one are no independent cases; stratified by the labels that
// an image has together. Codes: "too_few_cases" where there are fewer patients than cases are wished for, or,
// if balanced, of a combination of labels.
Result<Selection> choose_cases(const std::vector<Candidate>& candidates, const CaseWishes& wishes,
                               Random& random);

// Fills study.sessions from its design, readers and cases. Of a crossover which half of the cases comes with
// the model's result first, and whether a session begins with that half, is counterbalanced over readers, in
// an order of readers that is drawn; the halves have the same labels as nearly as can be. Orders are drawn
// for each reader and session.
void plan_sessions(Study& study, Random& random);

}  // namespace hilum::readers
